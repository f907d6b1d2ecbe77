"""`manage.py grantadmin ada@example.com`: print a one-time link for a person who is locked out."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.urls import reverse

from accounts.actions import logins, memberships
from accounts.models import Account, User, known_as
from accounts.sso.actions import ways_back
from common import links


class Command(BaseCommand):
    help = (
        "Print a link, good once and for an hour, with which a locked-out admin chooses a new password. "
        "Second factors are removed when it is used, and all sessions end. "
        "With --account the person gets full access to that account as well, and gets in without its single sign-on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--account", type=int, help="id of an account to give full access to")

    @transaction.atomic
    def handle(self, *args: Any, email: str, account: int | None, **options: Any) -> None:
        user = User.objects.filter(email=known_as(email)).first()
        if user is None:
            raise CommandError(f"There is no login with the address {email}.")
        if not user.is_active:
            raise CommandError(f"The login of {email} is switched off: it opens nothing.")
        if account is not None:
            _grant(user, account)
        link = links.absolute(reverse("accounts:rescue", args=[logins.offer_rescue(user=user)]))
        self.stdout.write(link)
        self.stderr.write("Good once, for an hour. Whoever opens it becomes this person: hand it over in private.")


def _grant(user: User, account_id: int) -> None:
    account = Account.objects.filter(pk=account_id).first()
    if account is None:
        raise CommandError(f"There is no account {account_id}.")
    memberships.grant_full_access(account=account, user=user, by=None)
    ways_back.give_by_operator(account=account, user=user)
