"""Asking for an export, and finding it again by the secret in its link."""

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import activity
from accounts.models import Account, Membership, User
from accounts.second_factor import has_second_factor
from common import jobs, links
from projects.tables import scope_of
from support.exports.models import AccountExport, ExportState

PURPOSE = "account_export"
LINK_LIVES = timedelta(days=7)


class OneIsUnderWay(Exception):
    """An export of this account is being made already."""


def ask(*, account: Account, by: User, mail_to: User | None) -> AccountExport:
    """Start an export. Its link is mailed to `mail_to`, or to every full-access teammate. Raises OneIsUnderWay."""
    try:
        with transaction.atomic():
            export = AccountExport.objects.create(
                account=account,
                asked_by=by,
                mail_to=mail_to,
                nonce=links.new_nonce(),
                cursor={"scope": scope_of(account.pk).as_json()},
            )
            activity.record(account=account, by=by, verb="account.export", target=account.name)
            jobs.defer_once("support.export_account", export_id=export.pk)
    except IntegrityError as error:
        raise OneIsUnderWay from error
    return export


def secret_of(export: AccountExport) -> str:
    """The secret in the export's link. To use it, a person must also belong to the account."""
    return links.secret(PURPOSE, export.nonce)


def digest_of(secret: str) -> str:
    return links.digest(PURPOSE, secret)


def find(*, secret: str, user: User) -> AccountExport | None:
    """The export that `secret` opens for `user`, a full-access teammate of its account, which may be closed.

    If the account requires a second factor, people without one cannot open the export either.
    """
    found = (
        AccountExport.objects.select_related("account")
        .filter(
            digest=digest_of(secret),
            state=ExportState.READY,
            expires_at__gt=timezone.now(),
            account__in=Membership.objects.full_access().filter(user=user).values("account"),
        )
        .first()
    )
    if found is not None and found.account.require_second_factor and not has_second_factor(user.pk):
        return None
    return found


def recipients(export: AccountExport) -> QuerySet[User]:
    """The people who get the link: those with full access at this moment."""
    places = Membership.objects.full_access().filter(account_id=export.account_id)
    users = User.objects.filter(pk__in=places.values("user"))
    return users.filter(pk=export.mail_to_id) if export.mail_to_id else users


def expire() -> int:
    """Remove the content of exports whose link has expired. Returns how many expired."""
    over = AccountExport.objects.filter(state=ExportState.READY, expires_at__lte=timezone.now())
    count = 0
    for export in over:
        with transaction.atomic():
            export.parts.all().delete()
            count += AccountExport.objects.filter(pk=export.pk).update(state=ExportState.EXPIRED)
    return count
