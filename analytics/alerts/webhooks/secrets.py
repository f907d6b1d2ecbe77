"""Secrets of webhooks, and signatures as Standard Webhooks wants them. A secret is derived and never stored."""

from base64 import b64encode
from datetime import datetime

from django.utils.crypto import salted_hmac
from standardwebhooks import Webhook as Signer

from analytics.alerts.models import Webhook


def secret(nonce: str) -> str:
    """ "whsec_" and 256 bits, which follow from the nonce and SECRET_KEY."""
    bits = salted_hmac("heapadmin.webhook", nonce, algorithm="sha256").digest()
    return f"whsec_{b64encode(bits).decode()}"


def headers(webhook: Webhook, message_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers that sign these bytes. While the secret is being changed there is a signature of each."""
    nonces = [webhook.nonce]
    if webhook.old_until is not None and now < webhook.old_until:
        nonces.append(webhook.old_nonce)
    signatures = [Signer(secret(nonce)).sign(message_id, now, body.decode()) for nonce in nonces]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
