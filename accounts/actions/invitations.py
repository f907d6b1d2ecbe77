"""Invitations: send, resend, revoke, copy the link, accept, decline, and ask for a new link after expiry."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.forms import BaseForm
from django.urls import reverse
from django.utils import timezone

from accounts import activity, by_project
from accounts.full_access import require_full_access
from accounts.models import Account, Activity, Invitation, Membership, User
from common import jobs, links, mails

PURPOSE = "invitation"
SENDING = ("invitation.create", "invitation.resend")  # the verbs that the hourly limit counts
ASK_AGAIN_INTERVAL = timedelta(days=1)
MOST_TO_ONE = 5  # mails to one address in an hour, which may be of somebody who wants none
OF_ACCOUNT = "This account has sent as many invitations as it may within an hour. Try again later."
TO_ONE = "Within the last hour {} was sent as many invitations as may be. Copy the link, or try again later."


class TooManyInvitations(Exception):
    """A limit of invitations per hour is reached, of the account or of an address. The message says which."""


class NotOpen(Exception):
    """The invitation was accepted, declined, revoked, replaced, or has expired."""


@dataclass(frozen=True)
class Invited:
    """The result of `invite`: invitations sent now (renewed ones too), and addresses of existing teammates."""

    invitations: list[Invitation]
    teammates: list[str]


@transaction.atomic
def invite(
    *, account: Account, emails: Sequence[str], read_only: bool, by: User, projects: BaseForm | None = None
) -> Invited:
    """Invite addresses (lower case, each once). An open invitation is renewed, and its old link stops working.

    `projects` is the valid form that chose their projects (accounts/by_project.py).

    Raises TooManyInvitations, and then nobody is invited. Raises PermissionDenied if `by` has lost the right meanwhile.
    """
    _lock(account)
    require_full_access(account, by)
    # lock before reading anything else, to wait for an offer that is being answered rather than overwrite it
    offers = {each.email: each for each in account.invitations.open().select_for_update().filter(email__in=emails)}
    teammates = set(account.memberships.filter(user__email__in=emails).values_list("user__email", flat=True))
    wanted = [email for email in emails if email not in teammates]
    _count_against_limits(account, wanted)
    invitations = [
        _offer(offers.get(email) or Invitation(account=account, email=email), read_only, by) for email in wanted
    ]
    if projects is not None and read_only:
        by_project.known().offer(projects, invitations, by)
    return Invited(invitations, sorted(teammates))


def invite_for_program(*, account: Account, email: str, read_only: bool, program: str) -> None:
    """Invite an address, as `invite` does, because `program` asks for it. Lock the account first.

    Raises TooManyInvitations.
    """
    _count_against_limits(account, [email])
    open_one = account.invitations.open().select_for_update().filter(email=email).first()
    _offer(open_one or Invitation(account=account, email=email), read_only, None, program)


def revoke_for_program(*, account: Account, email: str, program: str) -> bool:
    """Take back the open invitation of an address, if there is one; returns whether there was."""
    invitation = account.invitations.open().select_for_update().filter(email=email).first()
    if invitation is None:
        return False
    invitation.revoked_at = timezone.now()
    invitation.save(update_fields=["revoked_at"])
    _record(invitation, None, "invitation.revoke", program)
    return True


def _offer(invitation: Invitation, read_only: bool, by: User | None, program: str = "") -> Invitation:
    invitation.read_only = read_only
    invitation.invited_by = by
    invitation.created_at = timezone.now()
    _renew_link(invitation)
    invitation.save()
    _record(invitation, by, "invitation.create", program, read_only=read_only)
    _mail(invitation)
    return invitation


@transaction.atomic
def resend(*, invitation: Invitation, by: User) -> Invitation:
    """Send a new link with a new term; the old link no longer works. Raises NotOpen, TooManyInvitations."""
    _lock(invitation.account)
    require_full_access(invitation.account, by)
    current = _locked(invitation)
    _count_against_limits(current.account, [current.email])
    current.invited_by = by
    _renew_link(current)
    current.save()
    _record(current, by, "invitation.resend")
    _mail(current)
    return current


@transaction.atomic
def revoke(*, invitation: Invitation, by: User) -> None:
    """Take the offer back; the link no longer works. Raises NotOpen."""
    _lock(invitation.account)
    require_full_access(invitation.account, by)
    current = _locked(invitation)
    current.revoked_at = timezone.now()
    current.save(update_fields=["revoked_at"])
    _record(current, by, "invitation.revoke")


@transaction.atomic
def copy_link(*, invitation: Invitation, by: User) -> str:
    """Return the link, so that it can be handed over by other means than our mail. Raises NotOpen.

    From now on, opening the link no longer proves that the address belongs to the person.
    """
    _lock(invitation.account)
    require_full_access(invitation.account, by)
    current = _locked(invitation)
    current.link_copied_at = timezone.now()
    if links.digest(PURPOSE, links.secret(PURPOSE, current.nonce)) != current.digest:  # SECRET_KEY was changed
        _renew_link(current)
        current.link_copied_at = timezone.now()
    current.save()
    _record(current, by, "invitation.copy_link")
    return link_of(current)


def links_to_hand_over(account: Account, numbers: Collection[int]) -> list[tuple[str, str]]:
    """(address, link) of open invitations of `account` whose link counts as copied, by the numbers of their rows."""
    open_ones = account.invitations.open().filter(pk__in=numbers, link_copied_at__isnull=False).order_by("email")
    return [(each.email, link_of(each)) for each in open_ones]


def by_secret(secret: str) -> Invitation | None:
    """Find the invitation of a link, in any state. None if the link was replaced or never existed."""
    return (
        Invitation.objects.select_related("account", "invited_by").filter(digest=links.digest(PURPOSE, secret)).first()
    )


@transaction.atomic
def accept(*, invitation: Invitation, user: User) -> Membership:
    """Give `user`, signed in with the invited address, a membership and return it. The invitation is then used up.

    Raises NotOpen, and ValueError when the address is not the user's. Existing teammates keep the rights they have.
    """
    current = _open_for_answer(invitation)
    if current.email != user.email:
        raise ValueError("the invitation is for another address")
    membership, is_new = Membership.objects.get_or_create(
        account=current.account,
        user=user,
        defaults={"read_only": current.read_only, "invited_by": current.invited_by, "last_seen_at": timezone.now()},
    )
    if is_new:
        by_project.known().join(current, membership)
    current.accepted_at = timezone.now()
    current.accepted_by = user
    current.save(update_fields=["accepted_at", "accepted_by"])
    _record(current, user, "invitation.accept", read_only=membership.read_only)
    return membership


@transaction.atomic
def accept_as_new(*, invitation: Invitation, name: str, password: str) -> User:
    """Create a login for the invited address, give it a membership and return it. Raises NotOpen.

    The address counts as verified, because only its owner got the link by mail. If the link was copied, it does not.
    """
    current = _open_for_answer(invitation)
    user: User = User.objects.create_user(current.email, password, name=name)
    if current.link_copied_at is not None:
        EmailAddress.objects.filter(user=user).update(verified=False)
    accept(invitation=current, user=user)
    return user


@transaction.atomic
def decline(*, invitation: Invitation, by: User | None) -> None:
    """Decline the invitation and mail the inviter. Raises NotOpen."""
    current = _open_for_answer(invitation)
    current.declined_at = timezone.now()
    current.save(update_fields=["declined_at"])
    _record(current, by, "invitation.decline")
    _mail_inviter(current, "invitation_declined")


@transaction.atomic
def ask_again(*, invitation: Invitation) -> bool:
    """Ask the inviter to replace an expired link. False if it has not expired, or was asked for within the last day."""
    current = _locked(invitation)
    now = timezone.now()
    if not current.is_expired(now) or (current.asked_again_at and current.asked_again_at > now - ASK_AGAIN_INTERVAL):
        return False
    current.asked_again_at = now
    current.save(update_fields=["asked_again_at"])
    _record(current, None, "invitation.ask_again")
    _mail_inviter(current, "invitation_asked_again")
    return True


def _lock(account: Account) -> None:
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)


def _locked(invitation: Invitation) -> Invitation:
    current = (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("account", "invited_by")
        .filter(pk=invitation.pk, nonce=invitation.nonce)
        .first()
    )
    if current is None or not current.is_open or current.account.closed_at is not None:
        raise NotOpen
    return current


def _open_for_answer(invitation: Invitation) -> Invitation:
    current = _locked(invitation)
    if current.is_expired():
        raise NotOpen
    return current


def link_of(invitation: Invitation) -> str:
    """The public URL that accepts this invitation."""
    return links.absolute(reverse("accounts:invitation", args=[links.secret(PURPOSE, invitation.nonce)]))


def _renew_link(invitation: Invitation) -> None:
    invitation.nonce = links.new_nonce()
    invitation.digest = links.digest(PURPOSE, links.secret(PURPOSE, invitation.nonce))
    invitation.expires_at = timezone.now() + timedelta(days=settings.INVITATION_DAYS)
    invitation.mailed_at = invitation.asked_again_at = None
    # without mail the inviter is shown the link, as if it was copied
    invitation.link_copied_at = None if mails.is_set_up() else timezone.now()
    invitation.mail_problem = ""


def _count_against_limits(account: Account, emails: Sequence[str]) -> None:
    """Raise TooManyInvitations if these would exceed an hourly limit. Exact, because the caller locks the account."""
    since = timezone.now() - timedelta(hours=1)
    sent = Activity.objects.filter(account=account, at__gt=since, verb__in=SENDING)
    if emails and sent.count() + len(emails) > settings.INVITATIONS_PER_HOUR:
        raise TooManyInvitations(OF_ACCOUNT)
    to_each = sent.filter(target__in=emails).values("target").annotate(count=Count("pk")).order_by("target")
    if full := to_each.filter(count__gte=MOST_TO_ONE).first():
        raise TooManyInvitations(TO_ONE.format(full["target"]))


def _record(invitation: Invitation, by: User | None, verb: str, program: str = "", **details: bool) -> None:
    activity.record(
        account=invitation.account, by=by, verb=verb, target=invitation.email, details=details, program=program
    )


def _mail(invitation: Invitation) -> None:
    jobs.defer("accounts.send_invitation", invitation_id=invitation.pk, nonce=invitation.nonce)


def _mail_inviter(invitation: Invitation, template: str) -> None:
    if invitation.invited_by_id is None:
        return
    link = links.absolute(reverse("accounts:teammate_list", args=[invitation.account_id]))
    context = {"email": invitation.email, "account": mails.plain(invitation.account.name), "link": link}
    jobs.defer(
        "accounts.mail_teammate",
        account_id=invitation.account_id,
        user_id=invitation.invited_by_id,
        template=template,
        context=context,
    )
