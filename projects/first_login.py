"""The first staff login of an installation: whoever opens a one-time link makes it, so no log ever holds a password."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import FirstLoginLink, User
from common import links
from projects.new_account import open_with_login

TERM = timedelta(hours=1)
PURPOSE = "first_login"


class StaffExists(Exception):
    """Somebody can use the staff's pages already, and can let others in."""


def is_due() -> bool:
    """Whether nobody can use the staff's pages."""
    return not User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True).exists()


@transaction.atomic
def offer() -> str:
    """Return the address of a page on which the first staff login is made, once, within an hour.

    An earlier link stops working. Raises StaffExists.
    """
    if not is_due():
        raise StaffExists
    secret = links.secret(PURPOSE, links.new_nonce())
    now = timezone.now()
    kept = {"digest": links.digest(PURPOSE, secret), "created_at": now, "expires_at": now + TERM}
    FirstLoginLink.objects.update_or_create(pk=1, defaults=kept)
    return links.absolute(reverse("projects:first_login", args=[secret]))


def is_offered() -> bool:
    """Whether a link was made that still works."""
    return FirstLoginLink.objects.filter(expires_at__gt=timezone.now()).exists() and is_due()


def link_by_secret(secret: str) -> FirstLoginLink | None:
    """Find the link, if it can still be used."""
    usable = FirstLoginLink.objects.filter(expires_at__gt=timezone.now())
    found = usable.filter(digest=links.digest(PURPOSE, secret)).first()
    return found if found is not None and is_due() else None


@transaction.atomic
def use(*, link: FirstLoginLink, email: str, password: str, name: str, account_name: str, project_name: str) -> User:
    """Create the first staff login with its account and project. The link is used up.

    Raises FirstLoginLink.DoesNotExist if it was used or replaced meanwhile, ValidationError as `open_with_login` does.
    """
    current = FirstLoginLink.objects.select_for_update().get(digest=link.digest)
    if not is_due():
        raise FirstLoginLink.DoesNotExist
    opened = open_with_login(
        email=email, password=password, account_name=account_name, project_name=project_name, staff=True
    )
    opened.user.name = name
    opened.user.save(update_fields=["name"])
    current.delete()
    return opened.user
