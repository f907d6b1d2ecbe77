"""Names what is kept, notes, alerts, webhooks, shared links and subscriptions for the activity, by a URL."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Account
from accounts.touched import register_namer
from analytics.alerts.models import Alert, Webhook
from analytics.models import MODELS, Note, SharedLink
from analytics.subscriptions import contents
from analytics.subscriptions.models import Subscription


def register() -> None:
    register_namer("lineage", _kept)
    register_namer("note_id", _note)
    register_namer("shared_link_id", _shared_link)
    register_namer("alert_id", _alert)
    register_namer("webhook_id", _webhook)
    register_namer("subscription_id", _subscription)


def _kept(account: Account, arguments: Mapping[str, Any]) -> str:
    for model in MODELS.values():
        found = model.objects.filter(
            environment__project__account=account,
            environment__app_id=arguments["app_id"],
            lineage=arguments["lineage"],
        ).first()
        if found is not None:
            return found.name
    return ""


def _note(account: Account, arguments: Mapping[str, Any]) -> str:
    found = Note.objects.filter(environment__project__account=account, environment__app_id=arguments["app_id"])
    return str(found.filter(pk=arguments["note_id"]).first() or "")


def _shared_link(account: Account, arguments: Mapping[str, Any]) -> str:
    found = SharedLink.objects.filter(environment__project__account=account, environment__app_id=arguments["app_id"])
    return str(found.filter(pk=arguments["shared_link_id"]).first() or "")


def _alert(account: Account, arguments: Mapping[str, Any]) -> str:
    found = Alert.objects.filter(environment__project__account=account, environment__app_id=arguments["app_id"])
    return str(found.filter(pk=arguments["alert_id"]).first() or "")


def _webhook(account: Account, arguments: Mapping[str, Any]) -> str:
    found = Webhook.objects.filter(environment__project__account=account, environment__app_id=arguments["app_id"])
    return str(found.filter(pk=arguments["webhook_id"]).first() or "")


def _subscription(account: Account, arguments: Mapping[str, Any]) -> str:
    found = Subscription.objects.select_related("environment").filter(
        environment__project__account=account, environment__app_id=arguments["app_id"]
    )
    row = found.filter(pk=arguments["subscription_id"]).first()
    thing = contents.found(row) if row else None
    return thing.name if thing else ""
