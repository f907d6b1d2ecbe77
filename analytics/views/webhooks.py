"""The pages of an environment's webhooks. Everybody sees that they are there; making them takes full access."""

from datetime import datetime

from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.alerts import log
from analytics.alerts.actions import NoRoom
from analytics.alerts.forms import WebhookForm
from analytics.alerts.models import Webhook
from analytics.alerts.webhooks import actions
from analytics.views.pages import page
from projects.door import environment_view
from projects.models import Environment


def find_webhook(environment: Environment, webhook_id: int) -> Webhook:
    rows = Webhook.objects.filter(environment=environment).select_related("environment__project__account", "created_by")
    return get_object_or_404(rows, pk=webhook_id)


@require_safe
@environment_view(Can.VIEW)
def webhook_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    rows = Webhook.objects.filter(environment=environment).select_related("created_by").order_by("name", "pk")
    now = timezone.now()
    context = {"rows": [(each, actions.host_of(each), _is_paused(each, now)) for each in rows]}
    return page(request, environment, "analytics/webhook_list.html", context)


@require_safe
@environment_view(Can.VIEW)
def webhook(request: HttpRequest, environment: Environment, webhook_id: int) -> HttpResponse:
    """How it is, and what it was sent lately."""
    shown = find_webhook(environment, webhook_id)
    now = timezone.now()
    context = {
        "webhook": shown,
        "host": actions.host_of(shown),
        "is_paused": _is_paused(shown, now),
        "has_two_secrets": shown.old_until is not None and shown.old_until > now,
        "alerts": shown.alerts.order_by("name"),
        "deliveries": log.deliveries_to(shown),
        "shown": log.SHOWN,
        "kept_days": log.KEPT.days,
    }
    return page(request, environment, "analytics/webhook.html", context)


def _is_paused(webhook: Webhook, now: datetime) -> bool:
    return webhook.paused_until is not None and webhook.paused_until > now and webhook.ended_at is None


@never_cache
@environment_view(Can.MANAGE)
def webhook_create(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The form for a new one. The answer to it shows the secret, this once."""
    form = WebhookForm(request.POST if request.method == "POST" else None, environment=environment)
    if form.is_valid():
        given = form.cleaned_data
        try:
            made, secret = actions.create_webhook(
                environment=environment, name=given["name"], url=given["url"], by=signed_in_user(request)
            )
        except IntegrityError:  # the name was taken meanwhile, or the form was sent twice
            form.add_error("name", f"There is a webhook named “{given['name']}” already.")
        except NoRoom as error:
            form.add_error(None, str(error))
        else:
            return _secret(request, environment, made, secret)
    status = 422 if form.errors else 200
    return page(request, environment, "analytics/webhook_create.html", {"form": form}, status)


@never_cache
@require_POST
@environment_view(Can.MANAGE)
def webhook_secret(request: HttpRequest, environment: Environment, webhook_id: int) -> HttpResponse:
    """Change the secret. The answer shows the new one, this once."""
    found = find_webhook(environment, webhook_id)
    try:
        changed, secret = actions.change_secret(webhook=found, by=signed_in_user(request))
    except Webhook.DoesNotExist:  # somebody deleted it meanwhile
        raise Http404 from None
    return _secret(request, environment, changed, secret)


def _secret(request: HttpRequest, environment: Environment, webhook: Webhook, secret: str) -> HttpResponse:
    return page(request, environment, "analytics/webhook_secret.html", {"webhook": webhook, "secret": secret})


@require_POST
@environment_view(Can.MANAGE)
def webhook_test(request: HttpRequest, environment: Environment, webhook_id: int) -> HttpResponse:
    tested = find_webhook(environment, webhook_id)
    try:
        actions.test_webhook(webhook=tested, by=signed_in_user(request))
        messages.success(request, "A test is on its way. Reload the page to see what became of it.")
    except NoRoom as error:
        messages.error(request, str(error))
    except Webhook.DoesNotExist:  # somebody deleted it meanwhile
        raise Http404 from None
    return redirect("analytics:webhook", environment.app_id, tested.pk)


@environment_view(Can.MANAGE)
def webhook_delete(request: HttpRequest, environment: Environment, webhook_id: int) -> HttpResponse:
    deleted = find_webhook(environment, webhook_id)
    if request.method != "POST":
        context = {"webhook": deleted, "alerts": deleted.alerts.order_by("name")}
        return page(request, environment, "analytics/webhook_delete.html", context)
    actions.delete_webhook(webhook=deleted, by=signed_in_user(request))
    messages.success(request, f"Webhook {deleted.name} deleted.")
    return redirect("analytics:webhook_list", environment.app_id)
