"""Counts requests against the limits that ACCOUNT_RATE_LIMITS names."""

from allauth.core.internal import ratelimit  # its public function counts no GET
from django.http import HttpRequest

APP = "allauth.account"  # whose settings have the limits


def may_go_on(request: HttpRequest, action: str, **whose: object) -> bool:
    """Count this request, of whatever method. False if there were too many of this `action`.

    `whose`: `key` or `user`, where a limit is of these and not of the address.
    """
    return bool(ratelimit.consume(request, app=APP, action=action, limit_get=True, **whose))
