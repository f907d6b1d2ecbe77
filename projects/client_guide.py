"""How each client made for Heap is pointed here: an option, a subclass, or why there is neither.

The Install page shows it for one environment; docs/clients.md shows the same. `ran` is only true if a test runs the
lines (tests/projects/test_client_guide.py).
"""

from collections.abc import Iterator
from dataclasses import dataclass

HEAPS = "https://heapanalytics.com"  # what most of them have in their code


@dataclass(frozen=True)
class ClientGuide:
    """What to do with one client. `text` is empty where there is nothing to paste."""

    name: str
    words: str
    text: str = ""
    ran: bool = False


def clients(*, app_id: str, site_url: str) -> dict[str, tuple[ClientGuide, ...]]:
    """By heading: all the clients that we know, with the lines for one environment."""
    site = site_url.rstrip("/")
    return {
        "Server": tuple(_server(app_id, site)),
        "Pipelines": tuple(_pipelines(app_id, site)),
        "Web pages": tuple(_pages(app_id, site)),
        "Apps": tuple(_apps(app_id, site)),
        "Anything else": (_proxy(site),),
    }


def _server(app_id: str, site: str) -> Iterator[ClientGuide]:
    yield ClientGuide(
        "heap, Heap's own for Ruby",
        "It has the address in its code. A subclass changes it:",
        "class HeapHere < HeapAPI::Client\n"
        "  def live_connection!\n"
        f'    Faraday.new("{site}") {{ |c| c.request :json; c.adapter @faraday_adapter, *@faraday_adapter_args }}\n'
        "  end\n"
        "end\n"
        f'heap = HeapHere.new(app_id: "{app_id}")',
    )
    yield ClientGuide(
        "heap-api, Heap's own for Node",
        "It has the address in its code. Three lines change it as it sends:",
        f'const heap = require("heap-api")("{app_id}");\n'
        "const send = heap._request;\n"
        "heap._request = (options, callback) =>\n"
        f'  send.call(heap, {{ ...options, url: options.url.replace("{HEAPS}", "{site}") }}, callback);',
        ran=True,
    )
    yield ClientGuide(
        "heapapi for Python",
        "It has the addresses in its code. A subclass changes them:",
        "from heapapi import HeapAPIClient\n\n\n"
        "class HeapHere(HeapAPIClient):\n"
        f'    track_api = "{site}/api/track"\n'
        f'    props_api = "{site}/api/add_user_properties"\n\n\n'
        f'heap = HeapHere("{app_id}")',
        ran=True,
    )
    yield ClientGuide(
        "heapanalytics-python",
        "Its consumer takes both addresses:",
        "from heapanalytics import HeapAnalytics\nfrom heapanalytics.consumer import Consumer\n\n"
        f'consumer = Consumer(\n    track_url="{site}/api/track",\n    identify_url="{site}/api/identify",\n)\n'
        f'heap = HeapAnalytics("{app_id}", consumer)',
    )
    yield ClientGuide(
        "heap by HectorMalot for Ruby, with HTTParty",
        "It has the address in its code. HTTParty changes it, once, after the gem is loaded:",
        f'Heap.base_uri "{site}/api"\nHeap.app_id = "{app_id}"',
    )
    yield ClientGuide(
        "HeapHelper for PHP",
        "Its configuration takes the address:",
        f"$configuration = new HeapConfiguration($apiKey, '{app_id}', '{site}');\n"
        "$heap = new HeapHelper($configuration);",
    )
    yield ClientGuide(
        "go-heapanalytics",
        "An option takes the address:",
        f'client := heapanalytics.NewClient("{app_id}", heapanalytics.URL("{site}"))',
    )
    yield ClientGuide(
        "heapanalytics-client for JavaScript",
        "It has the address in its code. A subclass changes it:",
        "class HeapHere extends HeapClient {\n"
        "  postJSON(url, json) {\n"
        f'    return super.postJSON(url.replace("{HEAPS}", "{site}"), json);\n'
        "  }\n"
        "}\n"
        f'const heap = new HeapHere("{app_id}");',
    )
    yield ClientGuide(
        "heap-server for Node",
        "It has the address in its code. Set it on the object:",
        f'const heap = require("heap-server")("{app_id}");\nheap.remote = "{site}/api/track";',
    )


def _pipelines(app_id: str, site: str) -> Iterator[ClientGuide]:
    yield ClientGuide(
        "Airbyte, Heap Analytics destination",
        "Base URL takes the address, App Id the app_id:",
        f'{{"base_url": "{site}", "app_id": "{app_id}"}}',
    )
    yield ClientGuide(
        "Segment and RudderStack in their clouds, mParticle",
        "We know of no setting for the address. Let the pipeline call a webhook of yours that posts to the server API, "
        f"as on the tab Server ({site}/api/track). On web pages, use what is below.",
    )


def _pages(app_id: str, site: str) -> Iterator[ClientGuide]:
    script = f"{site}/config/{app_id}/heap_config.js"
    yield ClientGuide(
        "Segment, Heap Web (Actions)",
        "The setting trackingServer takes the address; the rest stays as it is:",
        f'{{"appId": "{app_id}", "trackingServer": "{site}"}}',
        ran=True,
    )
    yield ClientGuide(
        "c15t",
        "scriptUrl and ingestServer take the address:",
        f'heap({{\n  envId: "{app_id}",\n  scriptUrl: "{script}",\n  clientConfig: {{ ingestServer: "{site}" }},\n}})',
    )
    yield ClientGuide(
        "angulartics and whatever else calls window.heap",
        "It needs no address: put the snippet of the tab Web site before it.",
        ran=True,
    )
    yield ClientGuide(
        "react-heap, reactjs-heap, gatsby-plugin-heap, RudderStack's SDK, Google Tag Manager's template for Heap",
        "They load the tracker from Heap's host, which is in their code. Leave them out: the snippet of the tab Web "
        "site (or Tag manager) makes the same window.heap, and your calls of heap.track stay.",
    )
    yield ClientGuide(
        "walkerOS", "We know of no setting for the address. Load the snippet first; it finds window.heap."
    )


def _apps(app_id: str, site: str) -> Iterator[ClientGuide]:
    yield ClientGuide(
        "Heap's SDKs for iOS, Android and React Native",
        "Those of today take an address (in Swift: the option baseUrl), but send protobuf, which is not taken here. "
        "Post to the server API instead, as on the tab Server, from your app or from its server. Batches of the "
        "classic SDK for iOS are taken, but we know of no setting for its address.",
    )


def _proxy(site: str) -> ClientGuide:
    host = HEAPS.removeprefix("https://")
    return ClientGuide(
        "A program that you cannot change",
        f"On machines of your own, let {host} be a proxy of yours: a line in /etc/hosts, and Caddy with a certificate "
        "that the program trusts. If you cannot change its app_id either, bring that along from Heap when you add an "
        "environment. Services of others cannot be led so.",
        f"{host} {{\n  tls internal\n  reverse_proxy {site} {{\n    header_up Host {{upstream_hostport}}\n  }}\n}}",
    )
