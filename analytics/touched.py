"""Names what is kept, notes, alerts, webhooks, shared links and subscriptions for the activity, by a URL."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Model

from accounts.models import Account
from accounts.touched import register_namer
from analytics.alerts.models import Alert, Webhook
from analytics.models import MODELS, Note, SharedLink
from analytics.subscriptions import contents
from analytics.subscriptions.models import Subscription

NUMBERED: dict[str, type[Model]] = {
    "note_id": Note,
    "shared_link_id": SharedLink,
    "alert_id": Alert,
    "webhook_id": Webhook,
}


def register() -> None:
    register_namer("lineage", _kept)
    for key, model in NUMBERED.items():
        register_namer(key, _numbered(model, key))
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


def _numbered(model: type[Model], key: str) -> Callable[[Account, Mapping[str, Any]], str]:
    """Names the row of an environment whose number is in the URL as `key`."""

    def name(account: Account, arguments: Mapping[str, Any]) -> str:
        rows = model._default_manager.filter(
            environment__project__account=account, environment__app_id=arguments["app_id"]
        )
        return str(rows.filter(pk=arguments[key]).first() or "")

    return name


def _subscription(account: Account, arguments: Mapping[str, Any]) -> str:
    found = Subscription.objects.select_related("environment").filter(
        environment__project__account=account, environment__app_id=arguments["app_id"]
    )
    row = found.filter(pk=arguments["subscription_id"]).first()
    thing = contents.found(row) if row else None
    return thing.name if thing else ""
