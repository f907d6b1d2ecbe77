"""The rules for every kind of question."""

from dataclasses import MISSING, dataclass, fields
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.template.loader import get_template
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from analytics.definitions.glossary import Glossary, Named
from analytics.definitions.lineages import LineageKey, references
from analytics.kinds.kind import AnswerView, QueryKind
from analytics.kinds.registry import KINDS, UnknownKind, kind_of, parse, run, show
from analytics.models import ReportKind
from analytics.questions.parameters import querystring
from analytics.questions.query import Query, Scope
from analytics.questions.results import Ran, Result, Table
from heapadmin.navigation import ENVIRONMENT_NAV
from tests.analytics.factories import ANY_PAGEVIEW, IN_TEAM_PLAN
from tests.analytics.kept import make_report, pinned_tile
from tests.analytics.oracle import World
from tests.analytics.random_questions import (
    funnels,
    graphs,
    lifecycles,
    paths_questions,
    retentions,
    sessions_questions,
    stickiness_questions,
    users_questions,
)
from tests.analytics.random_worlds import DEFINITIONS, SEGMENTS
from tests.analytics.rows import add_event, add_person

RANDOM = {
    "graph": graphs,
    "funnel": funnels,
    "sessions": sessions_questions,
    "paths": paths_questions,
    "retention": retentions,
    "stickiness": stickiness_questions,
    "lifecycle": lifecycles,
    "users": users_questions,
}
FOUND = {  # a question of each kind whose answer in `busy` is not empty
    "graph": "event=event:Signed up",
    "funnel": "step.0.event=event:Signed up&step.1.event=builtin:any",
    "paths": "anchor.event=event:Signed up&days=7",
    "retention": "start.event=event:Signed up&unit=day&days=7",
    "sessions": "bounced=no",
    "stickiness": "event=event:Signed up&days=7",
    "lifecycle": "event=event:Signed up&days=7",
    "users": "search=ada",
}
NOW = datetime(2026, 3, 29, tzinfo=UTC)
every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


GLOSSARY = Glossary(
    {lineage: Named(f"Definition {lineage.int}", ANY_PAGEVIEW) for lineage in DEFINITIONS},
    {lineage: Named(f"Segment {lineage.int}", IN_TEAM_PLAN) for lineage in SEGMENTS},
)
WORLD = World([], {}, {}, GLOSSARY, NOW)


def test_every_kind_is_asked_at_random_and_for_certain():
    assert set(RANDOM) == set(FOUND) == set(KINDS)


# --- The list --------------------------------------------------------------------------------------------------------


def test_reports_know_the_same_kinds_by_the_same_names():
    assert ReportKind.choices == [(name, kind.label) for name, kind in KINDS.items()]


def test_the_menu_leads_to_the_page_of_each_kind(environment):
    entries = dict(ENVIRONMENT_NAV)["Analyze"]

    assert entries == [(kind.label, f"analytics:{name}") for name, kind in KINDS.items()]
    for name in KINDS:
        assert reverse(f"analytics:{name}", args=[environment.app_id]).endswith(f"/{name}/")


@every_kind
def test_a_kind_fills_every_field_and_has_its_templates(kind):
    assert not [each.name for each in fields(QueryKind) if each.default is not MISSING]
    assert {each.name for each in fields(kind) if getattr(kind, each.name) is None} <= {"prompt", "behind"}
    for template in (kind.form_template, kind.answer_template, kind.tile_template):
        assert get_template(template)


def test_a_question_says_all_of_itself_or_cannot_be_made():
    @dataclass(frozen=True)
    class Silent(Query):
        kind = "silent"

        def parameters(self):
            yield from ()

    with pytest.raises(TypeError, match=r"events.*named_segments.*range_words"):
        Silent(Scope(1))


# --- A kind that is not listed ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unlisted(Query):
    kind = "unlisted"

    def parameters(self):
        yield "odd", "1"

    def events(self):
        return []

    def named_segments(self):
        return []

    def range_words(self):
        return ""


@dataclass(frozen=True)
class UnlistedResult(Result):
    def table(self):
        return Table((), ())


@pytest.mark.parametrize(
    "use",
    [
        lambda query: parse("unlisted", {}, query.scope),
        lambda query: kind_of(query),
        lambda query: run(query),
        lambda query: show(UnlistedResult(query, Ran(NOW, NOW, NOW)), ""),
    ],
    ids=["parse", "kind_of", "run", "show"],
)
def test_a_kind_that_is_not_listed_is_an_error(db, use):
    with pytest.raises(UnknownKind):
        use(Unlisted(Scope(1)))


# --- What a question says of itself ----------------------------------------------------------------------------------


@every_kind
@given(data=st.data())
def test_a_question_refers_to_what_its_report_refers_to(kind, data):
    """Deleting reads references from the question; carrying over reads them from the report."""
    query = data.draw(RANDOM[kind.name](WORLD, 1))

    kept = set(references({"parameters": [list(pair) for pair in query.parameters()]}))

    definitions = {LineageKey("definition", each.lineage) for each in query.events() if each.lineage}
    assert kept == definitions | {LineageKey("segment", each) for each in query.named_segments()}


@every_kind
@given(data=st.data())
def test_words_name_every_event_and_every_segment_that_is_compared(kind, data):
    query = data.draw(RANDOM[kind.name](WORLD, 1))

    said = " ".join([kind.words(query, GLOSSARY), *kind.details(query, GLOSSARY)])

    assert kind.words(query, GLOSSARY)
    for event in query.events():
        assert GLOSSARY.event_label(event) in said
    for segment in set(query.named_segments()) - set(query.segments):
        assert GLOSSARY.segment_label(segment) in said


@pytest.mark.parametrize(
    ("kind", "asked", "said"),
    [
        ("sessions", "least=1&most=1", ["At least 1 minute long", "At most 1 minute long"]),
        ("sessions", "least=0&most=1440", ["At least 0 minutes long", "At most 1,440 minutes long"]),
        ("paths", "steps=1&within=1d", ["Within 1 day, at most 1 step"]),
    ],
)
def test_a_number_in_the_details_has_its_noun(kind, asked, said):
    query = parse(kind, lists(asked), Scope(1)).query

    assert set(said) <= set(KINDS[kind].details(query, GLOSSARY))


@every_kind
def test_a_segment_that_is_gone_has_words_too(kind):
    query = parse(kind.name, {"segment": [str(UUID(int=5))], **lists(FOUND[kind.name])}, Scope(1)).query

    assert kind.words(query, Glossary()) and list(query.named_segments()) == [UUID(int=5)]


# --- What the page shows ---------------------------------------------------------------------------------------------


def lists(link) -> dict[str, list[str]]:
    return {name: [value] for name, value in (pair.split("=") for pair in link.split("&"))}


@pytest.fixture
def busy(environment):
    add_event(environment, ago=timedelta(days=1))
    add_event(environment, ago=timedelta(hours=1), session_id=5)
    add_person(environment, -1, identity="ada@shop.example")
    return environment


@every_kind
def test_its_form_its_answer_and_its_tile_are_drawn(busy, full, kind):
    report = make_report(busy, kind=kind.name, parameters=[pair.split("=") for pair in FOUND[kind.name].split("&")])

    page = full.get(reverse(f"analytics:{kind.name}", args=[busy.app_id]), lists(FOUND[kind.name]))
    tile = full.get(pinned_tile(report))

    drawn = [{template.name for template in response.templates} for response in (page, tile)]
    assert {kind.form_template, kind.answer_template} <= drawn[0]
    assert kind.tile_template in drawn[1]


@every_kind
def test_the_answer_has_a_table_whose_rows_fit_and_a_view(busy, kind):
    query = parse(kind.name, lists(FOUND[kind.name]), Scope.of(busy)).query

    result = run(query)
    view = show(result, "Title")

    table = result.table()
    assert table.rows and {len(row) for row in table.rows} == {len(table.columns)}
    assert isinstance(view, AnswerView) and not view.is_empty
    assert view.headline.value


@every_kind
def test_the_csv_is_the_table_of_the_same_link(busy, full, kind):
    query = parse(kind.name, lists(FOUND[kind.name]), Scope.of(busy)).query

    response = full.get(f"{reverse('analytics:export', args=[busy.app_id])}?kind={kind.name}&{querystring(query)}")

    lines = b"".join(response.streaming_content).decode().splitlines()
    assert len(lines) == 1 + len(run(query).table().rows)
