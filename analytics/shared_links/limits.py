"""How many requests of a shared link are answered: from one network, and from all. Each process counts for itself."""

import threading
import time

from django.http import HttpRequest

from accounts.current_request import client_address
from analytics.models import SharedLink
from common.networks import network_of
from common.token_buckets import Buckets

OF_A_NETWORK = 10  # a second, and 600 at once: an office that opens a dashboard together
OF_A_LINK_PER_SECOND = 50

_lock = threading.Lock()
_networks = Buckets(OF_A_NETWORK)
_links = Buckets(OF_A_LINK_PER_SECOND)


def seconds_to_wait(request: HttpRequest, link: SharedLink) -> int:
    """Count this request; 0 if it may be answered. What has to wait is not counted."""
    now = time.time()
    network = hash((network_of(client_address(request) or ""), link.pk))
    with _lock:
        wait = max(_networks.wait_seconds(network, now), _links.wait_seconds(link.pk, now))
        if not wait:
            _networks.take(network, 1, now)
            _links.take(link.pk, 1, now)
        return wait
