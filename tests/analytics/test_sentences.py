"""A question of each kind as one sentence."""

from uuid import UUID

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from analytics.definitions.glossary import Glossary
from analytics.kinds.registry import KINDS, parse
from analytics.questions.query import Scope
from tests.analytics.test_kinds import GLOSSARY, RANDOM, WORLD, every_kind

BUYERS = UUID(int=5)


def pro(prefix=""):
    return "&".join(f"{prefix}where.0.{each}" for each in ("field=property:plan", "op=is", "value=pro"))


SENTENCES = [
    ("graph", "", "Count of Pageview, last 30 days, by day."),
    (
        "graph",
        f"event=event:Purchase&counts=users&{pro()}&by=event:browser&by.2=event:path&chart=bar",
        "Unique users of Purchase, where plan is pro, last 30 days, by day, grouped by Browser and Path, as bars.",
    ),
    (
        "graph",
        f"series.0.event=event:Paid&{pro('series.0.')}&series.1.event=builtin:pageview&formula=A/B&unit=week&days=this_year",
        "A / B with A = Count of Paid (plan is pro) and B = Count of Pageview, this year, by week.",
    ),
    (
        "graph",
        f"event=event:Paid&counts=sum&of=property:amount&cumulative=1&segment={BUYERS}&over=1",
        "Sum of amount of Paid, only people in Deleted segment, last 30 days, without what is not over, by day, "
        "counted since the start.",
    ),
    (
        "graph",
        f"compare=everyone&compare={BUYERS}&chart=table",
        "Count of Pageview, last 30 days, by day, compared: Everyone, Deleted segment, as a table.",
    ),
    (
        "funnel",
        "step.0.event=builtin:pageview&step.1.event=event:Signed up&step.2.event=event:Paid&by=event:browser&"
        + pro("step.2."),
        "People who did Pageview, then Signed up, then Paid (plan is pro), last 30 days, within 7 days, "
        "grouped by Browser.",
    ),
    (
        "funnel",
        "step.0.event=builtin:pageview&step.1.event=event:A&step.2.event=event:B&order=any&asks=times&within=2&within_unit=hour",
        "Time to convert of people who did Pageview, A and B in any order, last 30 days, within 2 hours.",
    ),
    (
        "funnel",
        "step.0.event=event:A&step.1.event=event:B&without.0.event=event:C&asks=trend&unit=week&order=strict",
        "Conversion of people who did A, then B one right after the other, last 30 days, within 7 days, "
        "without C between 1 and 2, by week.",
    ),
    (
        "paths",
        f"direction=before&anchor.event=event:Paid&{pro('anchor.')}&steps=1&clean=1",
        "Paths before Paid (plan is pro), last 30 days, along pageviews by path and custom events by name, "
        "within 1 day, at most 1 step, with * for numbers and ids in paths.",
    ),
    (
        "retention",
        "start.event=event:Signed up&return.event=event:Paid&unit=day&entry=ever&back=or_after&cells=people&"
        + pro("return."),
        "People who did Signed up for the first time ever and came back to do Paid (plan is pro) in that day or later, "
        "last 90 days, by day, as numbers of people.",
    ),
    (
        "retention",
        "start.event=event:A&return.event=event:A&entry=every&by=event:browser",
        "People who did A in any week and came back to do A, last 90 days, by week, grouped by Browser.",
    ),
    ("stickiness", f"event=event:Paid&{pro()}", "People by days with Paid, where plan is pro, last 30 days."),
    (
        "lifecycle",
        "event=event:Paid",
        "Lifecycle of people with Paid, by week, last 90 days, in whole weeks.",
    ),
    (
        "sessions",
        "event=event:Paid&entry=/a*&least=1&bounced=no&days=custom&from=2026-03-01&to=2026-03-31",
        "Sessions with Paid, 1 Mar 2026 to 31 Mar 2026, entry page: /a*, at least 1 minute long, without bounces.",
    ),
    ("users", "search=ada", "People by last activity, whose identity contains ada."),
]


@pytest.mark.parametrize(("kind", "asked", "sentence"), SENTENCES)
def test_a_question_is_one_sentence(kind, asked, sentence):
    parsed = parse(kind, QueryDict(asked), Scope(1))

    assert parsed.errors == {}
    assert KINDS[kind].sentence(parsed.query, Glossary()) == sentence


def test_every_kind_has_sentences_here():
    assert {kind for kind, _, _ in SENTENCES} == set(KINDS)


@every_kind
@given(data=st.data())
def test_a_sentence_leaves_nothing_out_that_the_question_names(kind, data):
    query = data.draw(RANDOM[kind.name](WORLD, 1))

    said = kind.sentence(query, GLOSSARY)

    assert query.range_words().lower() in said.lower()
    for name in (
        *(GLOSSARY.event_label(each) for each in query.events()),
        *(GLOSSARY.segment_label(each) for each in query.named_segments()),
        *(each.field.label for each in query.where.every()),
    ):
        assert name in said
