"""Keeps to what an environment leaves out (projects/capture.py), whatever its pages send. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from events.records import EventRecord, Record
from projects.capture import Capture

SIGNALS = ((b"sec-gpc", "obeys_gpc"), (b"dnt", "obeys_dnt"))


def refuses(capture: Capture, headers: Mapping[bytes, bytes]) -> bool:
    """Whether the browser asks not to be tracked, by a signal that the environment obeys."""
    return any(getattr(capture, obeys) and headers.get(header, b"").strip() == b"1" for header, obeys in SIGNALS)


def without(capture: Capture, records: Sequence[Record]) -> list[Record]:
    """The records without what is left out. Campaigns (utm_…) stay: they are columns of their own."""
    return [_without(capture, record) if isinstance(record, EventRecord) else record for record in records]


def _without(capture: Capture, record: EventRecord) -> EventRecord:
    cut = [end for end, is_cut in (("?", capture.without_query), ("#", capture.without_hash)) if is_cut]
    changes: dict[str, str | None] = {
        column: _address(address, cut)
        for column in ("path", "referrer", "target_href")
        if cut and (address := getattr(record, column)) is not None
    }
    if capture.without_query:
        changes["query"] = None
    if capture.without_hash:
        changes["hash"] = None
    if capture.without_titles:
        changes["title"] = None
    if capture.without_text:
        changes["target_text"] = None
    return msgspec.structs.replace(record, **changes) if changes else record


def _address(address: str, cut: list[str]) -> str:
    """Without its query ("?" is cut), its hash, or both."""
    before, mark, hash_ = address.partition("#")
    if "?" in cut:
        before = before.partition("?")[0]
    return before if "#" in cut else before + mark + hash_
