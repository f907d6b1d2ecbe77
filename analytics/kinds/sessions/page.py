"""The form, the answer, and its file."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from analytics.forms.choices import Choices
from analytics.forms.controls import Control, Select, plain
from analytics.forms.questions import QuestionForm, control, menus, select, span_controls, stray
from analytics.forms.rows import group_rows
from analytics.kinds.change import Change, change
from analytics.kinds.kind import AnswerView, KeyFigure, QueryKind, RunQuery
from analytics.kinds.sessions.answer import answer
from analytics.kinds.sessions.behind import ALL_SESSIONS, BOUNCE_RATE, behind
from analytics.kinds.sessions.question import Bounced, Sessions, SessionsResult, clauses, details, read, words
from analytics.questions.parameters import Reader
from analytics.questions.query import ANY_EVENT
from analytics.questions.results import Table
from analytics.questions.sessions import SESSION_RULE
from analytics.questions.words import earlier_words, elapsed_words
from common.charts.scales import full, percent_text
from common.counted import noun

SESSIONS_AT_ONCE = 10_000  # per query of a file
MAX_IN_FILE = 100_000
BOUNCED = plain([(Bounced.ANY.value, "all"), (Bounced.YES.value, "bounces"), (Bounced.NO.value, "no bounces")])


@dataclass(frozen=True)
class SessionsForm(QuestionForm):
    event: Select
    entry: Control
    exit: Control
    least: Control
    most: Control
    bounced: Select


def form(raw: Reader, choices: Choices) -> SessionsForm:
    return SessionsForm(
        event=select(raw, "event", "With the event", choices.events, str(ANY_EVENT)),
        span=span_controls(raw, 7, compares=True),
        entry=replace(control(raw, "entry", "Entry page"), placeholder="/pricing*"),
        exit=replace(control(raw, "exit", "Exit page"), placeholder="/checkout*"),
        least=control(raw, "least", "At least, minutes", type_="number"),
        most=control(raw, "most", "At most, minutes", type_="number"),
        bounced=select(raw, "bounced", "Bounces", BOUNCED),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=False),
        errors=stray(raw, "segment", "after"),
    )


@dataclass(frozen=True)
class SessionsView(AnswerView):
    result: SessionsResult
    older: Sessions | None  # the next page
    rule: str
    most_in_file: int | None  # if a file does not hold them all
    bounce_place: str  # where the bounce rate stands, if there is one
    median_change: Change | None
    bounce_change: Change | None


def show(result: SessionsResult, title: str) -> SessionsView:
    totals = result.totals
    of_all, of_median, of_bounces = _changes(result)
    return SessionsView(
        result,
        headline=KeyFigure(full(totals.sessions), noun(totals.sessions, "session"), ALL_SESSIONS, of_all)
        if totals
        else None,
        is_empty=not result.sessions,
        older=result.following(),
        rule=SESSION_RULE,
        most_in_file=MAX_IN_FILE if totals and totals.sessions > MAX_IN_FILE else None,
        bounce_place=BOUNCE_RATE if totals and totals.viewed else "",
        median_change=of_median,
        bounce_change=of_bounces,
    )


def _changes(result: SessionsResult) -> tuple[Change | None, Change | None, Change | None]:
    """Of the number of sessions, their median length and the bounce rate."""
    now, before = result.totals, result.totals_before
    if not (now and before and result.earlier):
        return None, None, None
    when = earlier_words(result.earlier, result.query.scope.zone)
    median, median_before = (None if each.median is None else each.median.total_seconds() for each in (now, before))
    return (
        change(now.sessions, before.sessions, when),
        change(median, median_before, when, shown=elapsed_words),
        change(now.bounce_rate, before.bounce_rate, when, in_points=True, shown=percent_text),
    )


def further(result: SessionsResult, run: RunQuery) -> Iterator[Table]:
    """All later pages as of the same moment, up to MAX_IN_FILE sessions."""
    left = MAX_IN_FILE - len(result.sessions)
    following = result.following(min(SESSIONS_AT_ONCE, left))
    while following is not None and left > 0:
        part = run(following, now=result.ran.as_of)
        left -= len(part.sessions)
        yield part.table()
        following = part.following(min(SESSIONS_AT_ONCE, max(left, 1)))


SESSIONS = QueryKind(
    query=Sessions,
    label="Sessions",
    prompt=None,
    read=read,
    answer=answer,
    further=further,
    words=words,
    details=details,
    clauses=clauses,
    form=form,
    show=show,
    behind=behind,
)
