"""Everything that changes an account's settings and memberships. Each change is recorded in the account's activity."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import activity, leaving
from accounts.full_access import keeping_full_access, require_full_access
from accounts.models import Account, Activity, Invitation, Membership, User
from accounts.teammates import who_grants
from common import jobs, links, mails
from common.changes import change

ASK_INTERVAL = timedelta(days=1)
MOST_ASKED = 20  # teammates with full access, those first who were seen last
ASK = "teammate.ask_access"
MOST_ASKS = 10  # of one teammate within ASK_INTERVAL, each for another project: they are mails
LIST = "accounts:teammate_list"


def set_access(*, membership: Membership, read_only: bool, by: User) -> None:
    """Make a teammate read-only or give them full access. It takes effect at their next request.

    Raises LastFullAccess if nobody with full access would remain, PermissionDenied if `by` has lost the right
    meanwhile, Membership.DoesNotExist if the teammate has left.
    """
    with keeping_full_access([membership.account_id]):
        require_full_access(membership.account, by)
        current = _locked(membership)
        if current.read_only == read_only:
            return
        current.read_only = read_only
        current.save(update_fields=["read_only"])
        revoked = _revoke_invitations_of(current) if read_only else 0
        activity.record(
            account=membership.account,
            by=by,
            verb="teammate.read_only" if read_only else "teammate.full_access",
            target=current.user.email,
            details={"invitations_revoked": revoked} if revoked else {},
        )


@transaction.atomic
def ask_for_access(*, membership: Membership, project: Any = None) -> bool:
    """Mail those who can give full access that a read-only teammate asks for it, in the account or in one `project`.

    False, and nothing happens, if they have it, have asked for the same within the last day, or for too much. Raises
    Membership.DoesNotExist if they have left.
    """
    current = _locked(membership)
    account, user = current.account, current.user
    project_number = project.pk if project else None
    asked = Activity.objects.filter(account=account, by=user, verb=ASK, at__gt=timezone.now() - ASK_INTERVAL)
    already = list(asked.values_list("project_number", flat=True))
    if not current.read_only or project_number in already or len(already) >= MOST_ASKS:
        return False
    details = {"project": project.name} if project else {}
    activity.record(
        account=account, by=user, verb=ASK, target=user.email, details=details, project_number=project_number
    )
    page, ids = ("projects:teammate_roles", [account.pk, current.pk]) if project else (LIST, [account.pk])
    context = {
        "email": user.email,
        "name": mails.plain(user.name),
        "account": mails.plain(account.name),
        "project": mails.plain(project.name) if project else "",
        "link": links.absolute(reverse(page, args=ids)),
    }
    for each in who_grants(account)[:MOST_ASKED]:
        jobs.defer(
            "accounts.mail_teammate",
            account_id=account.pk,
            user_id=each.user_id,
            template="access_asked",
            context=context,
            reply_to=user.email,
        )
    return True


@transaction.atomic
def grant_full_access(*, account: Account, user: User, by: User | None) -> None:
    """Give full access to `user`, who may or may not be a teammate yet. `by` is None on the command line."""
    Membership.objects.update_or_create(account=account, user=user, defaults={"read_only": False})
    activity.record(account=account, by=by, verb="teammate.full_access", target=user.email)


def remove(*, membership: Membership, by: User) -> int:
    """Remove a teammate from the account; what they made stays, and so do keys that they know (accounts/leaving.py).

    Returns how many of their invitations were revoked. Raises the same errors as `set_access`.
    """
    with keeping_full_access([membership.account_id]):
        require_full_access(membership.account, by)
        current = _locked(membership)
        revoked = _take_out(current, by=by, verb="teammate.remove")
        leaving.end_all(account=current.account, user=current.user)
        return revoked


def leave(*, membership: Membership) -> None:
    """Give up the person's own membership. Raises LastFullAccess if nobody with full access would remain."""
    with keeping_full_access([membership.account_id]):
        _take_out(_locked(membership), by=membership.user, verb="teammate.leave")


def _locked(membership: Membership) -> Membership:
    return Membership.objects.select_for_update(of=("self",)).select_related("user", "account").get(pk=membership.pk)


def take_out(*, membership: Membership, program: str) -> None:
    """Remove a teammate for `program`, with what lets them in by other ways: sessions, and keys that they know.

    Raises LastFullAccess if nobody with full access would remain, Membership.DoesNotExist if they have left.
    """
    with keeping_full_access([membership.account_id]):
        current = _locked(membership)
        user, account = current.user, current.account
        _take_out(current, by=None, verb="teammate.remove", program=program)
        leaving.end_all(account=account, user=user, program=program)


def _take_out(membership: Membership, *, by: User | None, verb: str, program: str = "") -> int:
    revoked = _revoke_invitations_of(membership)
    activity.record(
        account=membership.account,
        by=by,
        verb=verb,
        target=membership.user.email,
        details={"invitations_revoked": revoked} if revoked else {},
        program=program,
    )
    membership.user.sso_identities.filter(provider__account=membership.account_id).delete()  # it ends such sessions
    membership.delete()
    return revoked


def _revoke_invitations_of(membership: Membership) -> int:
    """Revoke the open invitations of a teammate who lost the right to invite, so that nobody can use them to get in."""
    pending = Invitation.objects.open().filter(account_id=membership.account_id, invited_by_id=membership.user_id)
    return pending.update(revoked_at=timezone.now())


@transaction.atomic
def change_settings(*, account: Account, by: User, **values: Any) -> list[str]:
    """Set fields of an account, those of AccountForm; returns those that changed."""
    changed = change(account, values)
    if changed:
        activity.record(account=account, by=by, verb="account.settings", target=account.name, details=changed)
    return list(changed)
