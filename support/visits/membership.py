"""The membership that a visit lends to staff. support/apps.py registers it with the door (accounts/door.py)."""

from django.http import HttpRequest
from django.utils import timezone

from accounts.door import SAFE
from accounts.models import Membership
from support.staff_site import is_staff, used_second_factor
from support.visits.actions import SESSION_KEY, session_digest
from support.visits.models import Visit


def lend(request: HttpRequest, account_id: int) -> Membership | None:
    """A read-only membership in the account that this session visits now, for requests that change nothing.

    Each request checks everything again: staff, second factor, the half hour, and that the account still allows visits.
    """
    number = request.session.get(SESSION_KEY)
    if number is None or request.method not in SAFE or not is_staff(request) or not used_second_factor(request):
        return None
    visit = (
        Visit.objects.filter(
            pk=number,
            account_id=account_id,
            by=request.user.pk,
            session_digest=session_digest(request),
            ended_at=None,
            ends_at__gt=timezone.now(),
        )
        .exclude(account__support_access__visits_allowed=False)
        .select_related("account", "by")
        .first()
    )
    if visit is None:
        return None
    membership = Membership(account=visit.account, user=visit.by, read_only=True, last_seen_at=timezone.now())
    membership.visit = visit  # base.html shows the banner if it is set
    return membership
