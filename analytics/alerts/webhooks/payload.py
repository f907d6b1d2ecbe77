"""What a webhook is sent. Each attempt sends the same bytes, unless the project or the environment was renamed."""

import json

from django.urls import reverse

from analytics.alerts.models import AlertDelivery, Webhook
from common import links


def message_id(delivery: AlertDelivery) -> str:
    """The same at each attempt, so that a receiver can tell a repetition."""
    return f"msg_{delivery.number.hex}"


def body(delivery: AlertDelivery, webhook: Webhook) -> bytes:
    """JSON: `type`, `timestamp` and `data`, as Standard Webhooks proposes."""
    environment = webhook.environment
    place = {
        "environment": {"app_id": environment.app_id, "name": environment.name},
        "project": environment.project.name,
    }
    change = delivery.change
    if change is None:
        sent = {"type": "webhook.test", "timestamp": delivery.created_at.isoformat(), "data": place}
        return json.dumps(sent, ensure_ascii=False).encode()
    url = links.absolute(reverse("analytics:alert", args=[environment.app_id, change.alert_id]))
    told = change.told
    data = {
        "alert": {"id": change.alert_id, "name": told["name"], "url": url},
        "watched": told["watched"],
        "found": told["words"],
        "value": told["value"],
        "interval": {"starts": told["starts"], "ends": told["ends"]},
        **place,
    }
    sent = {"type": f"alert.{change.change}", "timestamp": change.at.isoformat(), "data": data}
    return json.dumps(sent, ensure_ascii=False).encode()
