"""The staff's page "How do we see you": the client address of the request, and how it was found."""

from collections.abc import Iterator
from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from collector.counts.proxies import MANY_ACCOUNTS
from collector.models import SharedAddress
from collector.request.client_address import TrustedProxies, explain

DAYS = 7
MOST_SHOWN = 20


@require_safe
@never_cache
def how_do_we_see_you(request: HttpRequest) -> HttpResponse:
    """Show the connection, the headers, what was trusted, and addresses that may be proxies not trusted yet.

    Does not check rights itself: heapadmin/urls.py lets only staff in.
    """
    explanation = explain(
        request.META.get("REMOTE_ADDR"), all_headers(request), TrustedProxies.parse(settings.TRUSTED_PROXIES)
    )
    recent = SharedAddress.objects.filter(seen_at__gte=timezone.now() - timedelta(days=DAYS))
    addresses = list(recent.order_by("-accounts", "address")[:MOST_SHOWN])
    context = {
        "explanation": explanation,
        "is_believed": explanation.hops[0].is_trusted,
        "trusted_proxies": settings.TRUSTED_PROXIES,
        "shared": addresses,
        "suspects": [each for each in addresses if each.accounts >= MANY_ACCOUNTS],
        "days": DAYS,
    }
    return render(request, "collector/how_do_we_see_you.html", context)


def all_headers(request: HttpRequest) -> Iterator[tuple[bytes, bytes]]:
    """Every header with its name in lower case. The server has joined headers of one name with commas."""
    for name, value in request.headers.items():
        yield name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace")
