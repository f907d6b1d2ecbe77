"""What the pages of retention show: cohorts, returns, groups, percent or people, and a CSV that says what it holds."""

import re
from datetime import timedelta

import pytest
from django.http import QueryDict
from django.utils import timezone

from analytics.definitions.glossary import Glossary
from analytics.kinds.registry import kind_of, parse
from analytics.questions.parameters import querystring
from analytics.questions.query import Scope
from tests.analytics.rows import add_event
from tests.analytics.test_pages_questions import ask, csv_of, html, text, words

OLD = "start.event=event%3AA&return.event=event%3AB&unit=day&days=7"
ASKED = {"start.event": "event:Signed up", "return.event": "event:Paid", "unit": "day", "days": "7"}


@pytest.fixture
def shop(environment):
    """Four who signed up three days ago, two of whom paid the day before yesterday."""
    begun = timezone.now() - timedelta(days=3)
    for actor, plan in ((1, {"plan": "gold"}), (2, {"plan": "gold"}), (3, {}), (4, {"plan": ""})):
        add_event(environment, actor_id=actor, at=begun, properties=plan)
        if actor in (1, 3):
            add_event(environment, actor_id=actor, at=begun + timedelta(days=1), name="Paid")
    return environment


def test_a_link_of_before_is_the_same_question_and_written_as_before():
    assert querystring(parse("retention", QueryDict(OLD), Scope(1)).query) == OLD


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("", "A, then B, by day"),
        ("&entry=ever&back=or_after", "A for the first time ever, then B in that day or later, by day"),
        ("&entry=every&by=event:browser", "A in any day, then B, by day and Browser"),
    ],
)
def test_one_sentence_says_the_question(link, expected):
    query = parse("retention", QueryDict(OLD + link), Scope(1)).query

    assert kind_of(query).words(query, Glossary()) == expected


def test_the_form_keeps_all_that_was_asked(shop, read_only):
    page = html(ask(read_only, shop, "retention", ASKED | {"entry": "ever", "back": "or_after", "cells": "people"}))

    for option in ("ever", "or_after", "people"):
        assert f'<option value="{option}" selected>' in page


def test_what_a_form_sends_without_a_choice_is_what_it_was(shop, read_only):
    unused = {"entry": "first", "back": "on", "by": "", "cells": "percent"}

    answer = ask(read_only, shop, "retention", ASKED | unused, HX_Request="true")

    assert answer["HX-Push-Url"].endswith("&unit=day&days=7")


def test_of_very_many_cohorts_the_newest_are_drawn_and_the_page_says_so(shop, read_only):
    answer = ask(read_only, shop, "retention", ASKED | {"days": "1100"})

    drawn = words(answer)
    assert "The table has the newest 200 days. The 900 days before are in the curve" in drawn
    assert html(answer).count('class="number heat') == 200 * 199 / 2
    assert "2 of 4 people" in html(answer)  # of the newest cohorts
    assert len(answer.content) < 3_000_000


def test_cells_show_percent_or_people_and_the_other_on_hover(shop, read_only):
    percent, people = (
        html(ask(read_only, shop, "retention", ASKED | {"cells": each})) for each in ("percent", "people")
    )

    assert re.search(r'heat-10" title="2 of 4 people"><button[^>]*>50\.0%</button></td>', percent)
    assert re.search(r'heat-10" title="50\.0%: 2 of 4 people"><button[^>]*>2</button></td>', people)


def test_the_csv_says_what_its_columns_hold(shop, read_only):
    header, *rows = text(csv_of(read_only, shop, kind="retention", **ASKED)).splitlines()
    later = text(csv_of(read_only, shop, kind="retention", **ASKED, back="or_after")).splitlines()[0]

    assert header.startswith("Day,People,Came back in day 1,Came back in day 2,")
    assert later.startswith("Day,People,Came back in day 1 or later,")
    assert rows[3].partition(",")[2] == "4,2,0,0,,,"


def test_groups_are_lines_averages_and_triangles(shop, read_only):
    response = ask(read_only, shop, "retention", ASKED | {"by": "property:plan"})
    lines = text(csv_of(read_only, shop, kind="retention", **ASKED, by="property:plan")).splitlines()

    page = html(response)
    assert re.findall(r'<th scope="row" class="sticky">(?:<[^>]+>)?([^<]+)', page)[:4] == [
        "Everyone",
        "gold",
        "(none)",
        "(empty)",
    ]
    assert '<em class="soft">(none)</em>' in page
    apart = re.findall(r'<span class="truncate is-apart"[^>]*>(.*?)</span>', page)
    assert apart == ["Everyone", "(none)", "(empty)", "(none)", "(empty)"]  # of the legend and of two triangles
    assert page.count('<table class="table table--dense triangle">') == 5  # averages, everybody, three groups
    assert "A group has the value of plan" in words(response)
    assert lines[0].startswith("plan,Day,People,Came back in day 1")
    assert [line.split(",")[2:4] for line in lines if line.split(",")[2] not in ("People", "0")] == [
        ["4", "2"],
        ["2", "1"],
        ["1", "1"],
        ["1", "0"],
    ]


def test_groups_of_years_by_day_are_refused(shop, read_only):
    years = ASKED | {"days": "367", "by": "property:plan"}

    assert "at most 366 days" in words(ask(read_only, shop, "retention", years))
    for allowed in ({"unit": "week"}, {"by": ""}, {"days": "366"}):
        assert "at most 366" not in words(ask(read_only, shop, "retention", years | allowed))


def test_or_later_says_that_nothing_is_final_yet(shop, read_only):
    page = words(ask(read_only, shop, "retention", ASKED | {"back": "or_after"}))
    over = words(ask(read_only, shop, "retention", ASKED | {"back": "or_after", "over": "1"}))

    assert "came back in day 1 or later" in page and "until the range is, people may still come back" in page
    assert "until the range is" not in over
