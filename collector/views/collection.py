"""The Collection page of an environment: how much is accepted, how much is not, and why."""

from hashlib import blake2b
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.policy import Can
from collector.counts.hourly_charts import hourly_charts
from collector.counts.overview import CollectionOverview, overview
from collector.protocol.limits import MAX_PROPERTIES, MAX_PROPERTIES_BYTES, MAX_TEXT
from common.counted import counted
from common.token_buckets import BURST_SECONDS
from events.catalogue.rows import MOST_KEYS, MOST_NAMES, MOST_PAIRS
from events.catalogue.state import CatalogueState
from projects.door import environment_view
from projects.models import Environment


@require_safe
@environment_view(Can.VIEW)
def collection(request: HttpRequest, environment: Environment) -> HttpResponse:
    return _numbers(request, environment, "collector/collection.html")


@require_safe
@environment_view(Can.VIEW)
def collection_numbers(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The part of the page that reloads itself. 204 if the page already shows these numbers (`?version=`)."""
    return _numbers(request, environment, "collector/collection_numbers.html")


def _limit(properties: int, size: int) -> str:
    return f"{properties:,} properties, which take at most {size:,} bytes"


def _notices(numbers: CollectionOverview) -> list[tuple[str, str]]:
    """What was changed, left out or refused lately, each with the place of the page that says what to do."""
    limit = _limit(settings.PERSON_PROPERTIES, settings.PERSON_BYTES)
    left_out = numbers.left_out.in_words("property", "was left out")
    texts = numbers.texts_cut.in_words("text", "was cut")
    nobodies = numbers.identities_ignored.in_words("identity", "named nobody")
    protobufs = numbers.protobufs_refused.in_words("request", "in protobuf refused")
    found = (
        (left_out, f"{left_out}: a person or customer has at most {limit}.", "left-out"),
        (texts, f"{texts}: they have at most {MAX_TEXT:,} characters.", "texts-cut"),
        (nobodies, f"{nobodies}, such as “undefined” or “null”. They are ignored.", "nobody"),
        (protobufs, f"{protobufs}. Nothing of them is stored.", "protobuf"),
    )
    return [(text, anchor) for words, text, anchor in found if words] + _no_room(numbers.catalogue)


def _no_room(catalogue: CatalogueState) -> list[tuple[str, str]]:
    if not catalogue.is_full:
        return []
    left = f"{counted(catalogue.left_events, 'event')} and {counted(catalogue.left_values, 'value')} of properties"
    return [(f"{left} have names for which lists to choose from have no room. Type such a name.", "names")]


def _numbers(request: HttpRequest, environment: Environment, template: str) -> HttpResponse:
    numbers = overview(environment, timezone.now())
    version = blake2b(repr(numbers).encode(), digest_size=8).hexdigest()
    if request.GET.get("version") == version:
        return HttpResponse(status=204)
    zone = ZoneInfo(environment.project.time_zone)
    context = {
        "numbers": numbers,
        "charts": hourly_charts(numbers.hours, zone),
        "version": version,
        "per_second": settings.EVENTS_PER_SECOND,
        "notices": _notices(numbers),
        "most_text": MAX_TEXT,
        "most_names": MOST_NAMES,
        "most_keys": MOST_KEYS,
        "most_pairs": MOST_PAIRS,
        "of_person": _limit(settings.PERSON_PROPERTIES, settings.PERSON_BYTES),
        "of_event": _limit(MAX_PROPERTIES, MAX_PROPERTIES_BYTES),
        "at_once": f"up to {settings.EVENTS_PER_SECOND * BURST_SECONDS:,.0f} at once",
    }
    with timezone.override(zone):
        return render(request, template, context)
