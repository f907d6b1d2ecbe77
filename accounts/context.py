"""What every template may ask about the person who looks."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def signed_in(request: HttpRequest) -> dict[str, Any]:
    """`account`, `membership` and `can` (a set of rights) inside an account; `signup_open` everywhere."""
    membership = getattr(request, "membership", None)
    return {
        "membership": membership,
        "account": membership.account if membership else None,
        "can": getattr(request, "can", frozenset()),
        "signup_open": settings.SIGNUP_OPEN,
    }
