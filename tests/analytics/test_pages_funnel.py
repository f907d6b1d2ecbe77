"""What the pages of a funnel show beyond its steps: orders, exclusions, times, groups, and conversion over time."""

import re
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from analytics.definitions.glossary import Glossary
from analytics.kinds.registry import kind_of, parse
from analytics.questions.parameters import querystring
from analytics.questions.query import Scope
from analytics.questions.words import between_words, elapsed_words
from tests.analytics.kept import make_report, pinned_tile
from tests.analytics.rows import add_event
from tests.analytics.test_pages_questions import FUNNEL, ask, csv_of, html, text, words

REFUND = {"without.0.event": "event:Refunded", "without.0.after": "1"}
OLD = "step.0.event=event%3AA&step.1.event=event%3AB&within=7&within_unit=day&days=30"


@pytest.fixture
def shop(environment):
    """Three who signed up; two paid after an hour, one of them after a refund."""
    begun = timezone.now() - timedelta(days=20)
    for actor, plan in ((1, {"plan": "gold"}), (2, {}), (3, {"plan": ""})):
        add_event(environment, actor_id=actor, at=begun, properties=plan)
        if actor < 3:
            add_event(environment, actor_id=actor, at=begun + timedelta(hours=1), name="Paid")
    add_event(environment, actor_id=2, at=begun + timedelta(minutes=5), name="Refunded")
    return environment


def sentence(link):
    query = parse("funnel", QueryDict(link), Scope(1)).query
    return kind_of(query).words(query, Glossary())


def test_a_link_of_before_is_the_same_question_and_written_as_before():
    query = parse("funnel", QueryDict(OLD), Scope(1)).query

    assert querystring(query) == OLD


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("", "A → B"),
        ("&order=strict&asks=times", "Time to convert: A → B one right after the other"),
        ("&order=any&by=event:browser", "People by Browser: A and B in any order"),
        ("&asks=trend&unit=week", "Conversion by week: A → B"),
        ("&without.0.event=event:X&without.0.after=1", "A → B, without X between 1 and 2"),
    ],
)
def test_one_sentence_says_the_question(link, expected):
    assert sentence(OLD + link) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "–"),
        (0, "0 seconds"),
        (0.25, "0.25 seconds"),
        (1, "1 second"),
        (134.48, "2 minutes 14 seconds"),
        (3600, "1 hour"),
        (2 * 86400 + 5 * 3600 + 59, "2 days 5 hours"),
    ],
)
def test_a_time_is_said_in_at_most_two_units(seconds, expected):
    assert elapsed_words(seconds) == expected


def test_bins_say_their_unit_once_where_it_is_the_same():
    minute = timedelta(minutes=1)

    assert between_words(minute, 5 * minute) == "1 to 5 minutes"
    assert between_words(30 * minute, 60 * minute) == "30 minutes to 1 hour"


def test_the_form_keeps_all_that_was_asked(shop, read_only):
    asked = {"order": "strict", "asks": "trend", "unit": "week", **REFUND}

    page = html(ask(read_only, shop, "funnel", FUNNEL | asked))

    for option in ("strict", "trend", "week", "event:Refunded"):
        assert f'<option value="{option}" selected>' in page
    assert re.search(r'name="without.0.after".*?<option value="1" selected>between step 1 and 2', page, re.DOTALL)
    assert '<details class="without" open>' in page
    assert 'name="without.1.event"' in page  # the spare one, for browsers without JavaScript


def test_what_a_form_sends_without_a_choice_is_a_plain_funnel(shop, read_only):
    unused = {
        "order": "in_order",
        "asks": "steps",
        "unit": "day",
        "by": "",
        "without.0.event": "",
        "without.0.after": "1",
    }

    answer = ask(read_only, shop, "funnel", FUNNEL | unused, HX_Request="true")

    assert answer["HX-Push-Url"].endswith(
        "?step.0.event=event%3ASigned+up&step.1.event=event%3APaid&within=7&within_unit=day&days=30"
    )


def test_who_did_what_is_excluded_does_not_go_on(shop, read_only):
    page = words(ask(read_only, shop, "funnel", FUNNEL | REFUND))

    assert "33.3% of them got to the end" in page
    assert "People who did Signed up, then Paid, last 30 days, within 7 days, without Refunded between 1 and 2." in page


def test_what_is_refused_is_said_above_the_form(shop, read_only):
    answer = ask(read_only, shop, "funnel", FUNNEL | {"without.0.event": "event:Paid", "without.0.after": "1"})

    assert answer.status_code == 422 and "cannot be one of them" in words(answer)


def test_groups_are_bars_and_a_table_and_missing_is_set_apart(shop, read_only):
    page = html(ask(read_only, shop, "funnel", FUNNEL | {"by": "property:plan"}))
    lines = text(csv_of(read_only, shop, kind="funnel", **FUNNEL, by="property:plan")).splitlines()

    assert re.findall(r'<th scope="row"[^>]*>(.*?)</th>', page) == [
        '<em class="soft">Everyone</em>',
        '<em class="soft">(none)</em>',
        '<em class="soft">(empty)</em>',
        "gold",
    ]
    apart = re.findall(r'<span class="truncate is-apart"[^>]*>(.*?)</span>', page)
    assert apart == ["Everyone", "(none)", "(empty)"] * 3  # of the legend and of two steps
    assert lines == [
        "plan,1. Signed up,2. Paid,Of first step",
        "Everyone,3,2,66.7",
        "(none),1,1,100.0",
        "(empty),1,0,0.0",
        "gold,1,1,100.0",
    ]


def test_times_are_a_chart_words_and_a_table(shop, read_only):
    page = words(ask(read_only, shop, "funnel", FUNNEL | {"asks": "times"}))
    header, row = text(csv_of(read_only, shop, kind="funnel", **FUNNEL, asks="times")).splitlines()

    assert "1 hour median time to get to the end" in page and "half of them within 1 hour" in page
    assert header.startswith("Up to step,People,Median in seconds,under 1 minute,1 to 5 minutes,")
    assert row == "Paid,2,3600.0,0,0,0,0,2,0,0,0,0"


def test_over_time_too_many_events_are_refused_in_words(shop, read_only, monkeypatch):
    asked = FUNNEL | {"asks": "trend"}
    assert "reads too many events" not in words(ask(read_only, shop, "funnel", asked))
    monkeypatch.setattr("analytics.kinds.funnel.answer.MOST_SPREAD", 1)

    assert "Over time this funnel reads too many events" in words(ask(read_only, shop, "funnel", asked))


def test_conversion_over_time_is_a_line_and_a_table_with_the_whole_range(shop, read_only):
    add_event(shop, actor_id=9)
    report = make_report(shop, kind="funnel", parameters=[*FUNNEL.items(), ("asks", "trend"), ("unit", "week")])

    page = words(ask(read_only, shop, "funnel", FUNNEL | {"asks": "trend", "unit": "week"}))
    lines = text(csv_of(read_only, shop, kind="funnel", **FUNNEL, asks="trend", unit="week")).splitlines()
    tile = read_only.get(pinned_tile(report))

    assert "Conversion by week: Signed up → Paid" in page and "who began then still has time" in page
    assert lines[0] == "Week,Began,Got to the end,Share"
    assert lines[-1] == "Whole range,4,2,50.0"
    assert {line.partition(",")[2] for line in lines[1:-1]} == {"3,2,66.7", "1,0,0.0", "0,0,"}
    assert 'role="img"' in html(tile)
