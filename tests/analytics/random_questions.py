"""Random questions about random worlds (random_worlds.py)."""

from datetime import timedelta

from hypothesis import strategies as st

from analytics.kinds.funnel.question import Asks, Exclusion, Funnel, Order
from analytics.kinds.graph.question import Graph, Series
from analytics.kinds.lifecycle import Lifecycle
from analytics.kinds.paths.question import Along, Direction, Paths, Within
from analytics.kinds.retention.question import CohortEntry, Retention, Return
from analytics.kinds.sessions.question import Bounced, Sessions
from analytics.kinds.stickiness import Stickiness
from analytics.kinds.users import Users
from analytics.questions.before import Before
from analytics.questions.conditions import Field, Group, Source
from analytics.questions.periods import Period
from analytics.questions.query import (
    PAGEVIEW,
    SESSION,
    Compared,
    Counts,
    Scope,
)
from analytics.questions.spans import Span, Unit
from tests.analytics.factories import ANY_EVENT
from tests.analytics.random_worlds import (
    AMOUNT,
    KEYS,
    SEGMENTS,
    ZONES,
    all_fields,
    few_groups,
    groups,
    person_fields,
    references,
    selections,
    simple_references,
    simple_selections,
)


@st.composite
def spans(draw, world, longest=90):
    over = draw(st.booleans())
    if draw(st.booleans()):
        return Span(None, period=draw(st.sampled_from([each for each in Period if each.longest <= longest])), over=over)
    if draw(st.booleans()):
        return Span(draw(st.sampled_from([1, 7, min(30, longest), longest])), over=over)
    if world.events and draw(st.booleans()):  # a span that begins or ends exactly at an event
        edge = draw(st.sampled_from(world.events)).time.date()
        return Span(None, edge - timedelta(days=draw(st.integers(0, 1))), edge, over=over)
    first = world.now.date() + timedelta(days=draw(st.integers(-longest // 2, 5)))
    return Span(None, first, first + timedelta(days=draw(st.integers(0, longest // 2))), over=over)


def whole_span(world):
    """All days of events."""
    days = [event.time.date() for event in world.events] or [world.now.date()]
    return Span(None, min(days), max(days))


def befores(span):
    """Nothing is before all time."""
    return st.none() if span.period is Period.ALL else st.sampled_from([None, None, *Before])


def scopes(environment_id):
    return st.builds(Scope, st.just(environment_id), st.sampled_from(ZONES), st.integers(1, 7), st.booleans())


segment_lists = st.one_of(
    st.just(()), st.just(()), st.lists(st.sampled_from(SEGMENTS), max_size=2, unique=True).map(tuple)
)


compared_lists = st.one_of(
    st.just(()),
    st.lists(st.sampled_from([Compared(each) for each in (None, *SEGMENTS)]), max_size=4, unique=True).map(tuple),
)


FORMULAS = (
    "A / B",
    "A - B",
    "(A + B) * 100 / C",
    "A * 0.5 + B",
    "A * 100000000",
    "-B / (A - C)",
    "A",
    "2 * (C + 1.25)",
    "A / (B / C)",
)


@st.composite
def series_of_graphs(draw, counts, filters):
    chosen = draw(st.sampled_from(counts))
    of = draw(st.one_of(st.just(AMOUNT), st.just(AMOUNT), all_fields))
    event = draw(st.one_of(simple_references, references))
    return Series(event, chosen, of if chosen.takes_property else None, draw(filters))


@st.composite
def graphs(draw, world, environment_id):
    """Half of them look at nearly all events, so that there is something to group, to add up and to compute."""
    wide = draw(st.booleans())
    filters = st.just(Group()) if wide else few_groups
    unit = draw(st.sampled_from([Unit.WEEK, Unit.MONTH] if wide else list(Unit)))
    fields = st.one_of(st.just(Field(Source.PROPERTY, KEYS[0])), all_fields)
    by = tuple(draw(st.lists(fields, max_size=3, unique=True))) if draw(st.booleans()) else ()
    cumulative = draw(st.booleans()) and draw(st.booleans())
    measures = tuple(each for each in Counts if each.adds_up) if cumulative else tuple(Counts)
    most = draw(st.sampled_from((1, 3)))
    series = tuple(draw(st.lists(series_of_graphs(measures, filters), min_size=1, max_size=most)))
    formulas = [each for each in FORMULAS if not set(each) & set("ABC"[len(series) :])]
    compare = () if by or len(series) > 1 else draw(compared_lists)
    span = whole_span(world) if wide else draw(spans(world, 30 if unit is Unit.HOUR else 90))
    return Graph(
        draw(scopes(environment_id)),
        series=series,
        span=span,
        unit=unit,
        where=draw(filters),
        by=by,
        segments=() if wide else draw(segment_lists),
        compare=compare,
        formula="" if compare or draw(st.booleans()) else draw(st.sampled_from(formulas)),
        cumulative=cumulative,
        before=draw(befores(span)),
    )


@st.composite
def funnels(draw, world, environment_id):
    order = draw(st.sampled_from([Order.IN_ORDER, *Order]))
    asks = draw(st.sampled_from([Asks.STEPS, *Asks]))
    steps = draw(st.lists(selections, min_size=2, max_size=4, unique_by=repr if order is Order.ANY else None))
    without = [] if order is Order.ANY else draw(st.lists(exclusions(steps), max_size=2))
    by = None if asks is Asks.TREND else draw(st.one_of(st.none(), all_fields))
    span = draw(spans(world))
    return Funnel(
        draw(scopes(environment_id)),
        steps=tuple(steps),
        within=draw(
            st.sampled_from([timedelta(minutes=30), timedelta(hours=3), timedelta(days=1), timedelta(days=60)])
        ),
        span=span,
        where=draw(few_groups),
        segments=draw(segment_lists),
        compare=() if by else draw(compared_lists),
        order=order,
        without=tuple(each for each in without if each.selection not in steps[each.after - 1 : each.after + 1]),
        asks=asks,
        by=by,
        unit=draw(st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH])),
        before=draw(befores(span)) if by is None and asks is Asks.STEPS else None,
    )


def exclusions(steps):
    return st.builds(Exclusion, selections, st.integers(1, len(steps) - 1))


@st.composite
def retentions(draw, world, environment_id):
    start = draw(selections)
    return Retention(
        draw(scopes(environment_id)),
        start=start,
        returning=draw(st.one_of(st.just(start), selections)),
        unit=draw(st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH])),
        span=draw(spans(world)),
        where=draw(few_groups),
        segments=draw(segment_lists),
        entry=draw(st.sampled_from(CohortEntry)),
        counts_as=draw(st.sampled_from(Return)),
        by=draw(st.one_of(st.none(), all_fields)),
    )


@st.composite
def paths_questions(draw, world, environment_id):
    """Three of four look at nearly all events, so that there are paths, and most of these go far."""
    wide = draw(st.integers(0, 3)) > 0
    along = draw(st.sets(st.sampled_from(list(Along)), min_size=1))
    along |= {Along.PAGEVIEW, Along.CUSTOM} if wide else set()
    return Paths(
        draw(scopes(environment_id)),
        anchor=draw(simple_selections if wide else selections),
        direction=draw(st.sampled_from(list(Direction))),
        along=tuple(each for each in Along if each in along),
        steps=draw(st.integers(1, 5)),
        within=draw(st.sampled_from([*Within, Within.MONTH, Within.MONTH, Within.MONTH] if wide else list(Within))),
        clean=draw(st.booleans()),
        span=whole_span(world) if wide else draw(spans(world)),
        where=Group() if wide else draw(few_groups),
        segments=() if wide else draw(segment_lists),
    )


@st.composite
def stickiness_questions(draw, world, environment_id):
    return Stickiness(draw(scopes(environment_id)), **draw(activity(world)))


@st.composite
def lifecycles(draw, world, environment_id):
    return Lifecycle(draw(scopes(environment_id)), **draw(activity(world)))


@st.composite
def activity(draw, world):
    """What people were active in, by which unit, and when."""
    return {
        "event": draw(references),
        "unit": draw(st.sampled_from([Unit.DAY, Unit.WEEK, Unit.MONTH])),
        "span": draw(spans(world)),
        "where": draw(few_groups),
        "segments": draw(segment_lists),
    }


@st.composite
def users_questions(draw, world, environment_id):
    return Users(
        draw(scopes(environment_id)),
        where=draw(groups(person_fields)),
        segments=draw(segment_lists),
        search=draw(st.sampled_from(["", "", "person", "1", "%", "P"])),
        limit=draw(st.integers(1, 3)),
    )


@st.composite
def sessions_questions(draw, world, environment_id):
    """Mostly with one filter: few sessions pass several."""
    paths = st.sampled_from(["*", "/a*", "é", "a*"])
    filters = {
        "entry": paths,
        "exit": paths,
        "least": st.sampled_from([0, 1, 30, 60]),
        "most": st.sampled_from([0, 30, 60, 1440]),
        "bounced": st.sampled_from(list(Bounced)),
        "segments": segment_lists,
    }
    if draw(st.booleans()):
        filters = {"event": st.sampled_from([SESSION, SESSION, ANY_EVENT, PAGEVIEW]), "where": groups(all_fields, 1)}
    chosen = draw(st.lists(st.sampled_from(sorted(filters)), max_size=2, unique=True))
    span = draw(st.one_of(st.just(Span(7)), st.just(Span(None, period=Period.TODAY)), spans(world)))
    return Sessions(
        draw(scopes(environment_id)),
        span=span,
        before=draw(befores(span)),
        limit=draw(st.integers(1, 3)),
        **{name: draw(filters[name]) for name in chosen},
    )
