"""The pages behind the links in mails of subscriptions. No login: whoever has the secret has the mail.

A GET changes nothing, because mail scanners follow links. A mail program's own button sends a POST (RFC 8058), which
has no cookie and no token: the secret in the address is what allows it.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from analytics.subscriptions import actions
from analytics.subscriptions.contents import found
from analytics.subscriptions.due import schedule_of
from analytics.subscriptions.mail import CONFIRM, END
from analytics.subscriptions.models import Subscription

TEMPLATE = "analytics/subscription_link.html"


@csrf_exempt
@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, secret: str) -> HttpResponse:
    subscription = actions.by_secret(END, secret)
    if subscription is None:
        return _unknown(request)
    if request.method == "POST":
        actions.end(subscription=subscription, by=None, why=actions.BY_LINK)
        return _page(request, subscription, "ended")
    return _page(request, subscription, "ended" if subscription.ended_at else "ask_to_end")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscription_confirm(request: HttpRequest, secret: str) -> HttpResponse:
    subscription = actions.by_secret(CONFIRM, secret)
    if subscription is None:
        return _unknown(request)
    if subscription.ended_at:
        return _page(request, subscription, "ended")
    if subscription.confirmed_at:
        return _page(request, subscription, "confirmed")
    if request.method != "POST":
        return _page(request, subscription, "ask_to_confirm")
    if "decline" in request.POST:
        actions.end(subscription=subscription, by=None, why=actions.DECLINED)
        return _page(request, subscription, "ended")
    return (
        _page(request, subscription, "confirmed") if actions.confirm(subscription=subscription) else _unknown(request)
    )


def _unknown(request: HttpRequest) -> HttpResponse:
    return render(request, TEMPLATE, {"state": "unknown"}, status=404)


def _page(request: HttpRequest, subscription: Subscription, state: str) -> HttpResponse:
    thing = found(subscription)
    context = {
        "state": state,
        "subscription": subscription,
        "name": thing.name if thing else "",
        "when": schedule_of(subscription).words(),
    }
    return render(request, TEMPLATE, context)
