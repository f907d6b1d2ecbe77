"""Ways back: who may sign in by password and second factor although single sign-on is compulsory."""

from allauth.mfa.models import Authenticator
from django.db.models import QuerySet
from django.utils import timezone

from accounts import activity
from accounts.full_access import keeping_full_access, require_full_access
from accounts.models import Account, Membership, User
from accounts.second_factor import KINDS, has_second_factor, users_with_second_factor
from accounts.sso.actions.providers import NotReady
from accounts.sso.models import WayBack


def name(*, membership: Membership, by: User) -> None:
    """Make a teammate with full access a way back. Raises NotReady if they could not use it."""
    with keeping_full_access([membership.account_id]):
        require_full_access(membership.account, by)
        current = Membership.objects.full_access().select_for_update(of=("self",)).filter(pk=membership.pk).first()
        if current is None:
            raise NotReady("Only a teammate with full access can be a way back.")
        if not current.user.has_usable_password() or not has_second_factor(current.user_id):
            raise NotReady(f"{current.user.email} needs a password and a second factor of their own first.")
        _, is_new = WayBack.objects.get_or_create(membership=current)
        if is_new:
            activity.record(account=membership.account, by=by, verb="sso.way_back", target=current.user.email)


def remove(*, membership: Membership, by: User) -> None:
    """Take it away again. Raises LastWayBack if it is the only one of an account that requires single sign-on."""
    with keeping_full_access([membership.account_id]):
        require_full_access(membership.account, by)
        if WayBack.objects.filter(membership=membership).delete()[0]:
            activity.record(account=membership.account, by=by, verb="sso.way_back_remove", target=membership.user.email)


def give_by_operator(*, account: Account, user: User) -> None:
    """Make `user` a way back if the account requires single sign-on: whoever was locked out still would be."""
    if account.require_sso:
        WayBack.objects.get_or_create(membership=Membership.objects.get(account=account, user=user))
        activity.record(account=account, by=None, verb="sso.way_back", target=user.email)


def depends_on_factor(*, user: User) -> bool:
    """Whether the second factor that `user` wants to take away is the last one of the last way back somewhere.

    That is the last of an account that requires single sign-on. A rescue by staff takes it all the same.
    """
    if Authenticator.objects.filter(user=user, type__in=KINDS).count() != 1:
        return False
    accounts = Account.objects.open().filter(require_sso=True, memberships__in=_theirs(user)).values_list("pk")
    others = WayBack.objects.filter(membership__in=Membership.objects.full_access()).exclude(membership__user=user)
    for (account_id,) in accounts:
        holders = others.filter(membership__account=account_id).values_list("membership__user_id", flat=True)
        if not users_with_second_factor(holders):
            return True
    return False


def _theirs(user: User) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user, way_back__isnull=False)


def note_sign_in(*, user: User) -> None:
    """`user` has just signed in with a second factor: all their ways back have been tried."""
    WayBack.objects.filter(membership__user=user).update(tried_at=timezone.now())
