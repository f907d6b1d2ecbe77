"""Events of the past, imported from a file."""

import gzip
import json
import random
import time
from datetime import UTC, datetime, timedelta
from io import BufferedReader, BytesIO

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from collector import wsgi
from collector.imports import importer as importing
from collector.imports.importer import CHUNK_EVENTS, CHUNK_PASSED, MAX_REASONS, Importer, ImportRefused
from collector.imports.lines import MAX_LINE_BYTES, BadFile, lines
from collector.models import CollectedHour
from collector.protocol.server_api import Where, identify
from events import imports
from events.blocking_writer import store
from events.models import Event
from ipfilter.models import ExcludedIP, ExcludedIPList, KeptOut
from tests.events.making import events, merges, people, rows
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db
MAY = "2012-05-07T08:09:10Z"


@pytest.fixture(autouse=True)
def known_afresh(monkeypatch):
    monkeypatch.setattr(importing, "cached_environments", wsgi.CachedEnvironments())
    monkeypatch.setattr(importing, "make_way", lambda seconds: None)
    monkeypatch.setattr("events.imports.MONTHS", -1)  # partitions are not rolled back; tests/events/test_imports.py


@pytest.fixture
def environment():
    return EnvironmentFactory()


def line(name="Order", **fields):
    return json.dumps({"event": name, "identity": "ann", "timestamp": MAY} | fields)


def text(*given):
    return "".join(f"{each}\n" for each in given).encode()


def run(environment, content, **options):
    done = Importer(environment.app_id)
    for _ in done.run(BufferedReader(BytesIO(content)), **options):
        pass
    done.write_counts()
    return done.report


def names():
    return [name for _, name in events()]


def test_each_line_is_an_event(environment):
    report = run(environment, text(line("A", properties={"amount": 2}), "", line("B", identity=None, user_id="5")))

    assert (report.lines, report.stored, report.repeats, report.bad) == (2, 2, 0, 0)
    assert sorted(rows("select name, actor_id >= 0, properties->>'amount', time::text from events")) == [
        ("A", False, "2", "2012-05-07 08:09:10+00"), ("B", True, None, "2012-05-07 08:09:10+00"),
    ]  # fmt: skip


def test_a_bulk_request_on_one_line_is_its_events(environment):
    document = {"app_id": environment.app_id, "events": [json.loads(line(str(n))) for n in range(3)]}

    report = run(environment, text(json.dumps(document)))

    assert (report.lines, report.stored) == (1, 3)


@pytest.mark.parametrize("packed", [gzip.compress, lambda content: b"".join(map(gzip.compress, [content, b"\n"]))])
def test_gzip_is_read(environment, packed):
    assert run(environment, packed(text(line("A"), line("B")))).stored == 2


def test_a_second_time_nothing_is_stored(environment):
    content = text(*(line(str(number)) for number in range(CHUNK_EVENTS + 3)))
    run(environment, content)

    report = run(environment, content)

    assert (report.stored, report.repeats) == (0, CHUNK_EVENTS + 3)
    assert Event.objects.count() == CHUNK_EVENTS + 3


def test_a_line_that_is_written_in_another_way_is_the_same_event(environment):
    run(environment, text('{"event":"A","identity":"ann","timestamp":1336378150,"properties":{"a":1,"b":2}}'))

    other = ' { "properties" : {"b": 2, "a": 1}, "timestamp":1336378150, "identity":"ann", "event":"\\u0041", "x": 1 } '
    report = run(environment, text(line("B"), other))

    assert (report.stored, report.repeats) == (1, 1)


def test_times_that_are_one_to_the_database_make_one_event_of_a_key(environment):
    given = [line(timestamp=1_400_000_000 + part, idempotency_key="k") for part in (0.1234567, 0.1234569, 0.2)]

    first, second = run(environment, text(*given)), run(environment, text(*given))

    assert (first.stored, first.repeats, first.bad) == (2, 1, 0)
    assert (second.stored, second.repeats, second.bad) == (0, 3, 0)


@pytest.mark.parametrize("different", [
    {"timestamp": "2012-05-07T08:09:11Z"}, {"identity": "bob"}, {"properties": {"a": 2}}, {"session_id": "7"},
    {"event": "B"}, {"idempotency_key": "k"},
])  # fmt: skip
def test_what_differs_in_anything_is_another_event(environment, different):
    assert (
        run(
            environment, text(line("A", properties={"a": 1}), line("A", **({"properties": {"a": 1}} | different)))
        ).stored
        == 2
    )


def test_bad_lines_are_told_with_their_numbers_and_the_others_stored(environment):
    document = json.dumps({"events": [json.loads(line("B")), {"event": "C"}, 7, {"timestamp": MAY, "event": "D"}]})

    report = run(environment, text(
        line("A"), "{", "[]", "", line(""), line("X", timestamp=None), line("X", timestamp="yesterday"),
        line("X", properties=7), '{"event": "\\u0000", "identity": "a", "timestamp": 1}', line("X", app_id="1"),
        json.dumps({"events": 7}), document, b"\xff".decode("latin-1"),
    ))  # fmt: skip

    assert sorted(names()) == ["A", "B"]
    assert report.bad == 13
    assert [number for number, _ in report.reasons] == [2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 12, 12, 13]
    told = dict(sorted(report.reasons))
    assert told[2] == "the line is not valid JSON in UTF-8"
    assert told[3] == "the line is not a JSON object"
    assert told[6] == "timestamp is missing"
    assert told[8] == "properties must be an object"
    assert told[9] == "the line holds a NUL character (\\u0000)"
    assert told[10] == "app_id is that of another environment"
    assert {reason for number, reason in report.reasons if number == 12} == {
        "events[1].timestamp is missing", "events[2].must be an object", "events[3].identity or user_id is missing",
    }  # fmt: skip


def test_reasons_end_somewhere_and_their_number_does_not(environment):
    report = run(environment, b"{\n" * (MAX_REASONS + 5))

    assert (report.bad, len(report.reasons)) == (MAX_REASONS + 5, MAX_REASONS)


def test_a_line_cannot_break_out_of_its_place(environment):
    other = EnvironmentFactory()

    report = run(environment, text(f'{{"event":"A"}}],"app_id":"{other.app_id}","events":[{line("B")}'))

    assert (report.stored, report.bad, names()) == (0, 1, [])


def test_a_line_that_is_too_long_is_passed_over(environment):
    report = run(environment, text(line("A"), "x" * (3 * MAX_LINE_BYTES), line("B")))

    assert (report.stored, report.reasons) == (2, [(2, f"the line is longer than {MAX_LINE_BYTES:,} bytes")])


def test_a_line_without_end_is_not_read_to_its_end():
    packed = gzip.compress(b"x" * 2**28)
    file = BufferedReader(BytesIO(packed))

    with pytest.raises(BadFile, match="line 1 goes beyond"):
        list(lines(file, 2**25))

    assert file.tell() < len(packed) / 2


@pytest.mark.parametrize("content", [b"\n" * 50_000, text(*["{}"] * 50_000)])
def test_lines_that_hold_nothing_or_are_passed_over_leave_room_for_others(environment, content):
    """Whoever imports learns how far it is, and can break it off."""
    steps = list(Importer(environment.app_id).run(BufferedReader(BytesIO(content)), from_line=50_001))

    assert len(steps) == 50_000 // CHUNK_PASSED + 1


def test_bulk_requests_of_no_events_leave_room_for_others(environment):
    steps = list(Importer(environment.app_id).run(BufferedReader(BytesIO(b'{"events": []}\n' * 50_000))))

    assert len(steps) == 50_000 // CHUNK_PASSED + 1
    assert (steps[-1].lines, steps[-1].last_line) == (50_000, 50_000)


def test_what_can_be_read_of_a_file_that_is_cut_off_is_stored(environment):
    chance = random.Random(1)
    content = text(*(line(str(number), properties={"x": chance.randbytes(300).hex()}) for number in range(400)))
    cut = gzip.compress(content)[:-40_000]
    done = Importer(environment.app_id)

    with pytest.raises(BadFile, match="cannot be read"):
        list(done.run(BufferedReader(BytesIO(cut))))

    assert 0 < done.report.stored == done.report.last_line < 400 < CHUNK_EVENTS


def test_lines_of_an_earlier_run_are_skipped(environment):
    assert run(environment, text(line("A"), line("B"), line("C")), from_line=3).stored == 1
    assert names() == ["C"]


def test_bad_events_among_good_ones_take_no_commits_of_their_own(environment):
    given = [line(str(number), properties=7 if number % 10 == 3 else {}) for number in range(100)]

    with CaptureQueriesContext(connection) as asked:
        report = run(environment, text(*given))

    assert (report.stored, report.bad) == (90, 10)
    assert sum("collect(" in query["sql"] for query in asked) == 1


def test_what_the_database_refuses_is_bad_and_the_others_are_stored(environment):
    with connection.cursor() as cursor:
        cursor.execute("alter table events_default add constraint odd check (name not in ('3', '4', '8')) not valid")

    report = run(environment, text(*(line(str(number)) for number in range(10))))

    assert report.reasons == [(number, "the request cannot be stored") for number in (4, 5, 9)]
    assert sorted(names()) == ["0", "1", "2", "5", "6", "7", "9"]


def test_a_line_may_be_as_large_as_a_request(environment):
    large = line("A", more="x" * (MAX_LINE_BYTES - len(line("A", more=""))))
    grows = json.dumps({"events": [{"event": "B", "identity": "b", "timestamp": MAY, "x": [1e9] * 180_000}]})

    report = run(environment, text(line("C"), large, grows.replace("1000000000.0", "1E9"), line("D")))

    assert (report.stored, report.reasons) == (4, [])


# --- As live events -------------------------------------------------------------------------------------------------
def exclude(environment, canonical):
    listed = ExcludedIPList.objects.create(account=environment.project.account, text=canonical)
    return ExcludedIP.objects.create(list=listed, canonical=canonical, source=canonical, position=0)


def test_events_of_excluded_ips_stay_out_and_are_counted(environment):
    rule = exclude(environment, "192.0.2.0/24")

    ips = {"A": "192.0.2.7", "B": "::ffff:192.0.2.8", "C": "198.51.100.1", "D": None, "E": "nowhere", "F": 7}
    report = run(environment, text(*(line(name, ip=ip) for name, ip in ips.items())))

    assert (report.stored, report.excluded, report.bad) == (2, 2, 2)
    assert sorted(names()) == ["C", "D"]
    assert KeptOut.objects.get(rule=rule).count == 2


def test_a_sender_from_an_excluded_ip_imports_nothing(environment):
    exclude(environment, "192.0.2.7/32")

    with pytest.raises(ImportRefused):
        list(Importer(environment.app_id, "192.0.2.7").run(BufferedReader(BytesIO(text(line())))))

    assert names() == []


def test_a_closed_account_imports_nothing(environment):
    environment.project.account.closed_at = datetime.now(UTC)
    environment.project.account.save(update_fields=["closed_at"])

    with pytest.raises(ImportRefused, match="closed"):
        run(environment, text(line()))


def test_people_are_who_they_are_live(environment):
    """A visitor who became somebody stays that somebody, and their past is theirs."""
    store(identify({"identity": "ann", "user_id": 5}, Where(environment.pk, time.time())))

    run(environment, text(line("A", identity=None, user_id="5"), line("B", identity="ann")))

    (ann,) = people()
    assert merges() == {5: ann}
    assert rows("select min(first_seen_at)::text from people") == [("2012-05-07 08:09:10+00",)]


def test_properties_beyond_the_limit_are_left_out_and_counted(environment):
    report = run(environment, text(line("A", properties={f"p{n}": n for n in range(1_003)})))

    assert (report.stored, report.properties_left_out) == (1, 3)


def test_what_is_cut_or_ignored_is_counted(environment):
    report = run(
        environment, text(line("A", properties={"long": "x" * 2_000}), line("B", identity="null", user_id="5"))
    )

    assert (report.stored, report.texts_cut, report.identities_ignored) == (2, 1, 1)
    (hour,) = CollectedHour.objects.filter(environment=environment)
    assert (hour.events, hour.texts_cut, hour.identities_ignored) == (2, 1, 1)


def test_somebody_who_is_there_now_was_there_before_and_is_still_last_seen_now(environment):
    now = datetime.now(UTC).replace(microsecond=0)
    run(environment, text(line("A", timestamp=now.isoformat())))

    run(environment, text(line("B"), line("C", timestamp="2013-01-01")))

    assert rows("select first_seen_at, last_seen_at from people") == [(datetime(2012, 5, 7, 8, 9, 10, tzinfo=UTC), now)]


def test_nothing_is_stored_once_the_environment_is_being_deleted(environment, monkeypatch):
    """Also if a chunk was read before, and waits for its turn to be stored."""
    monkeypatch.setattr(importing, "CHUNK_EVENTS", 1)
    steps = Importer(environment.app_id).run(BufferedReader(BytesIO(text(line("A"), line("B"), line("C")))))
    next(steps)
    turn = imports._has_turn

    def deleted_meanwhile(environment_id):
        environment.deleting_at = datetime.now(UTC)
        environment.save(update_fields=["deleting_at"])
        importing.cached_environments._read_at = float("-inf")  # half a second has passed
        monkeypatch.setattr(imports, "_has_turn", turn)
        return False

    monkeypatch.setattr(imports, "_has_turn", deleted_meanwhile)
    with pytest.raises(ImportRefused, match="deleted"):
        list(steps)

    assert names() == ["A"]


def test_the_collection_page_counts_what_was_imported(environment):
    run(environment, text(line("A"), line("B"), line("A"), "{"))

    found = {hour.outcome: hour.events for hour in CollectedHour.objects.filter(environment=environment)}
    assert found == {"accepted": 2, "bad": 1}


# --- Random files ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(4))
def test_any_file_in_any_pieces_any_number_of_times_is_its_good_events_once(environment, seed, monkeypatch):
    chance = random.Random(seed)
    monkeypatch.setattr(importing, "CHUNK_EVENTS", chance.choice([1, 3, 50]))
    start = datetime(2012, 1, 1, tzinfo=UTC)
    wanted, given = set(), []
    for _ in range(120):
        name, who = chance.choice("ABC"), chance.choice(["ann", "bob"])
        moment = (start + timedelta(hours=chance.randrange(50))).isoformat()
        if chance.random() < 0.2:
            given.append(chance.choice(["{", "[]", line(name, timestamp=None), line("")]))
            continue
        wanted.add((name, who, moment))
        given.append(line(name, identity=who, timestamp=moment))

    for _ in range(3):
        chance.shuffle(given)
        cut = chance.randrange(len(given))
        for piece in (given[:cut], given[cut:]):
            run(environment, text(*piece))

    found = rows("select name, p.identity, to_char(e.time at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') || '+00:00' "
                 "from events e join people p using (environment_id, actor_id)")  # fmt: skip
    assert sorted(found) == sorted(wanted)
