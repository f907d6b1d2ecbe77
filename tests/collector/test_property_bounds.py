"""How many properties an event may have, and how large they may be together."""

import json

import pytest

from collector.decide import Outcome
from collector.protocol.limits import MAX_PROPERTIES, MAX_PROPERTIES_BYTES, MAX_TEXT
from collector.protocol.property_bounds import ALWAYS_FIT, leave_out
from events.records import Stored
from tests.collector.asking import track
from tests.events.making import change, event


def size(properties):
    return len(json.dumps(properties, ensure_ascii=False, separators=(",", ":")).encode())


def test_an_event_keeps_its_first_properties():
    given = {f"p{number}": number for number in range(MAX_PROPERTIES + 3)}
    records = [event(properties=given), event(properties={"a": 1}), event(properties=dict(given))]

    assert leave_out(records) == 6
    assert list(records[0].properties.items()) == list(given.items())[:MAX_PROPERTIES]
    assert records[1].properties == {"a": 1}


@pytest.mark.parametrize("text", ["x" * MAX_TEXT, "\x01" * MAX_TEXT, "😀" * MAX_TEXT, 2.5])
def test_their_bytes_are_limited_and_used(text):
    given = {f"p{number:04}{'é' * 90}": text for number in range(900)}
    (record,) = records = [event(properties=given)]

    left_out = leave_out(records)

    kept = record.properties
    assert left_out == 900 - len(kept) > 0
    assert size(kept) <= MAX_PROPERTIES_BYTES < size(dict(list(given.items())[: len(kept) + 1]))


def test_what_is_as_large_as_it_may_be_stays():
    given = {f"p{number:02}": "x" * 1_000 for number in range(64)}
    given["last"] = "x" * (MAX_PROPERTIES_BYTES - size(given) - len(',"last":""'))
    larger = given | {"last": given["last"] + "x"}

    assert size(given) == MAX_PROPERTIES_BYTES
    assert leave_out([event(properties=given)]) == 0
    assert leave_out([event(properties=larger)]) == 1


def test_few_properties_always_fit():
    longest = {chr(number) + "\x01" * 1_023: "\x01" * MAX_TEXT for number in range(1, ALWAYS_FIT + 1)}

    assert size(longest) <= MAX_PROPERTIES_BYTES


def test_those_of_people_are_left_to_the_database():
    assert leave_out([change("ann", **{f"p{number}": number for number in range(3_000)})]) == 0


def test_the_answer_says_so_once_it_is_stored():
    decision = track(properties={f"p{number}": number for number in range(MAX_PROPERTIES + 3)})

    assert (decision.outcome, decision.properties_left_out) == (Outcome.ACCEPTED, 3)
    done = decision.carried_out(Stored(left_out=2))
    assert (b"x-heapadmin-properties-left-out", b"5") in done.answer.headers
    assert decision.unavailable("not now").properties_left_out == decision.not_storable().properties_left_out == 0
    assert track(properties={"a": 1}).carried_out(Stored()).answer.headers == track(properties={"a": 1}).answer.headers
