"""What the Teammates tab shows. The number of queries does not grow with the number of teammates."""

from dataclasses import dataclass

from django.core.paginator import Page, Paginator
from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Lower, NullIf
from django.utils import timezone

from accounts.models import Account, Invitation, Membership, User
from accounts.second_factor import users_with_second_factor

PER_PAGE = 25
INVITATIONS_PER_PAGE = 10
GRANTORS_NAMED = 3


@dataclass(frozen=True)
class TeammateRow:
    """One teammate as the tab shows them."""

    membership: Membership
    has_second_factor: bool
    is_self: bool


@dataclass(frozen=True)
class PendingRow:
    """One open invitation as the tab shows it."""

    invitation: Invitation
    is_expired: bool


@dataclass(frozen=True)
class TeammateOverview:
    """A page of teammates and a page of open invitations."""

    page: Page[Membership]
    rows: list[TeammateRow]
    pending_page: Page[Invitation]
    pending: list[PendingRow]
    total: int
    search: str


def overview(
    *, account: Account, user: User, search: str, page: str | None, pending_page: str | None
) -> TeammateOverview:
    """One page of each list. `search` matches names and addresses; a page out of range becomes the nearest one."""
    teammates = Paginator(_found(account, search), PER_PAGE).get_page(page)
    memberships = list(teammates)
    secured = users_with_second_factor(each.user_id for each in memberships)
    invitations = account.invitations.open().select_related("invited_by").order_by("-created_at", "-pk")
    if search:
        invitations = invitations.filter(email__icontains=search)
    pending = Paginator(invitations, INVITATIONS_PER_PAGE).get_page(pending_page)
    now = timezone.now()
    return TeammateOverview(
        page=teammates,
        rows=[TeammateRow(each, each.user_id in secured, each.user_id == user.pk) for each in memberships],
        pending_page=pending,
        pending=[PendingRow(each, each.is_expired(now)) for each in pending],
        total=teammates.paginator.count,
        search=search,
    )


def _found(account: Account, search: str) -> QuerySet[Membership]:
    memberships = account.memberships.select_related("user").order_by(
        Lower(Coalesce(NullIf("user__name", Value("")), "user__email")), "pk"
    )
    if search:
        memberships = memberships.filter(Q(user__name__icontains=search) | Q(user__email__icontains=search))
    return memberships


def who_grants(account: Account) -> QuerySet[Membership]:
    """Teammates who can give others more rights, the most recently seen first."""
    full = account.memberships.full_access().select_related("user")
    return full.order_by(F("last_seen_at").desc(nulls_last=True), "pk")


def grantors(account: Account) -> list[str]:
    """The names of at most three of them."""
    return [str(each.user) for each in who_grants(account)[:GRANTORS_NAMED]]
