"""What people change about their own login: name, e-mail address, sessions, deletion; and the rescue link."""

from datetime import timedelta
from typing import Literal

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import activity
from accounts.full_access import keeping_full_access
from accounts.models import Account, EmailChange, Invitation, Rescue, User
from common import jobs, links, mails

EMAIL_CHANGE_TERM = timedelta(days=1)
RESCUE_TERM = timedelta(hours=1)
RESCUE = "rescue"
Side = Literal["old", "new"]


@transaction.atomic
def change_name(*, user: User, name: str) -> None:
    """Set the user's own name, which teammates see."""
    user.name = name
    user.save(update_fields=["name"])
    activity.record_everywhere(user=user, verb="login.rename", target=name)


def change_appearance(*, user: User, theme: str, density: str) -> None:
    """Set how pages look to the user. Nobody else sees it, so no activity tells of it."""
    user.theme, user.density = theme, density
    user.save(update_fields=["theme", "density"])


@transaction.atomic
def ask_for_email_change(*, user: User, new_email: str) -> EmailChange:
    """Mail one link to the old and one to the new address; the change is made when both are confirmed.

    Replaces an earlier request. What is shown and done does not depend on whether `new_email` belongs to another
    login; if it does, the confirmed change fails.
    """
    nonce = links.new_nonce()
    change, _ = EmailChange.objects.update_or_create(
        user=user,
        defaults={
            "new_email": new_email,
            "nonce": nonce,
            "old_digest": _email_digest("old", nonce),
            "new_digest": _email_digest("new", nonce),
            "created_at": timezone.now(),
            "expires_at": timezone.now() + EMAIL_CHANGE_TERM,
            "old_confirmed_at": None,
            "new_confirmed_at": None,
        },
    )
    activity.record_everywhere(user=user, verb="login.email_ask", target=user.email)
    for side in ("old", "new"):
        jobs.defer("accounts.send_email_change", change_id=change.pk, nonce=nonce, side=side)
    return change


@transaction.atomic
def cancel_email_change(*, user: User) -> None:
    """Delete the pending change of address; its links stop working."""
    if EmailChange.objects.filter(user=user).delete()[0]:
        activity.record_everywhere(user=user, verb="login.email_cancel", target=user.email)


def _email_digest(side: Side, nonce: str) -> str:
    purpose = f"email_change.{side}"
    return links.digest(purpose, links.secret(purpose, nonce))


def email_change_by_secret(secret: str) -> tuple[EmailChange, Side] | None:
    """Find the change that a link belongs to, and which mailbox got the link. None if the link is no longer valid."""
    changes = EmailChange.objects.select_related("user").filter(expires_at__gt=timezone.now())
    if change := changes.filter(old_digest=links.digest("email_change.old", secret)).first():
        return change, "old"
    if change := changes.filter(new_digest=links.digest("email_change.new", secret)).first():
        return change, "new"
    return None


@transaction.atomic
def confirm_email_change(*, change: EmailChange, side: Side) -> bool:
    """Record one mailbox's confirmation; after both, make the change. Returns whether the address has changed.

    Raises IntegrityError if another login has taken the address, EmailChange.DoesNotExist if the change was replaced.
    """
    current = (
        EmailChange.objects.select_for_update(of=("self",)).select_related("user").get(pk=change.pk, nonce=change.nonce)
    )
    if side == "old":
        current.old_confirmed_at = current.old_confirmed_at or timezone.now()
    else:
        current.new_confirmed_at = current.new_confirmed_at or timezone.now()
    current.save(update_fields=["old_confirmed_at", "new_confirmed_at"])
    if current.old_confirmed_at is None or current.new_confirmed_at is None:
        return False
    _change_email(current.user, current.new_email)
    current.delete()
    return True


def _change_email(user: User, new_email: str) -> None:
    old_email = user.email
    activity.record_everywhere(user=user, verb="login.email", target=new_email, details={"from": old_email})
    user.email = new_email
    user.save(update_fields=["email"])
    EmailAddress.objects.filter(user=user).delete()
    EmailAddress.objects.create(user=user, email=new_email, verified=True, primary=True)
    context = {"from_email": old_email, "to_email": new_email}
    jobs.defer("accounts.send_mail", template="email_changed", to=old_email, context=context)


def end_session(*, user: User, session: UserSession) -> None:
    """End one of the user's sessions at once."""
    session.end()
    activity.record_everywhere(user=user, verb="login.session_end", target=mails.plain(session.user_agent))


def end_other_sessions(*, user: User, keep: str | None) -> int:
    """End all of the user's sessions except the one with the key `keep`; returns how many."""
    ended = _end_sessions(UserSession.objects.filter(user=user).exclude(session_key=keep))
    if ended:
        activity.record_everywhere(user=user, verb="login.sessions_end", details={"ended": ended})
    return ended


def end_sessions_of_leaver(account: Account, user: User, program: str) -> None:
    """End all sessions of a person who has left `account`, unless they belong to another account too.

    In `account` those of others open nothing any more either: its doors ask for the membership.
    """
    if not user.memberships.exists():
        _end_sessions(UserSession.objects.filter(user=user))


def _end_sessions(sessions: QuerySet[UserSession]) -> int:
    found = list(sessions)
    for session in found:
        session.end()
    return len(found)


class StaffLogin(Exception):
    """A staff login cannot be deleted: the log of its work in the staff pages would be deleted with it."""


def delete_login(*, user: User) -> None:
    """Delete the user's own login. What the person made stays, and the activity keeps their name and address.

    Raises StaffLogin, and LastFullAccess with the accounts in which nobody else has full access.
    """
    if user.is_staff or user.is_superuser:
        raise StaffLogin
    account_ids = list(user.memberships.values_list("account_id", flat=True))
    with keeping_full_access(account_ids):
        activity.record_everywhere(user=user, verb="login.delete", target=user.email)
        Invitation.objects.open().filter(invited_by=user).update(revoked_at=timezone.now())
        _end_sessions(UserSession.objects.filter(user=user))
        User.objects.get(pk=user.pk).delete()  # not `user` itself: it must stay whole if this is undone


@transaction.atomic
def offer_rescue(*, user: User) -> str:
    """Return a secret with which a locked-out person can choose a new password, once, within one hour."""
    secret = links.secret(RESCUE, links.new_nonce())
    Rescue.objects.create(user=user, digest=links.digest(RESCUE, secret), expires_at=timezone.now() + RESCUE_TERM)
    activity.record_everywhere(user=user, verb="login.rescue_offer", target=user.email)
    return secret


def rescue_by_secret(secret: str) -> Rescue | None:
    """Find the rescue that a link belongs to, if it can still be used."""
    usable = Rescue.objects.select_related("user").filter(used_at=None, expires_at__gt=timezone.now())
    return usable.filter(digest=links.digest(RESCUE, secret), user__is_active=True).first()


@transaction.atomic
def use_rescue(*, rescue: Rescue, password: str) -> User:
    """Set the password, remove second factors, end all sessions; returns the user. Raises Rescue.DoesNotExist."""
    current = Rescue.objects.select_for_update(of=("self",)).select_related("user").get(pk=rescue.pk, used_at=None)
    user = current.user
    current.used_at = timezone.now()
    current.save(update_fields=["used_at"])
    user.set_password(password)
    user.save(update_fields=["password"])
    Authenticator.objects.filter(user=user).delete()
    EmailAddress.objects.update_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    _end_sessions(UserSession.objects.filter(user=user))
    activity.record_everywhere(user=user, verb="login.rescue", target=user.email)
    jobs.defer("accounts.send_mail", template="rescued", to=user.email, context={})
    return user
