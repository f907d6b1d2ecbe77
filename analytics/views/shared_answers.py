"""What shared links show of answers. It is the same for all who have a link, and shared between them for a minute.

Without the tick at the link it tells nobody who people are: such a question is not asked, and an answer in which an
e-mail address stands is not shown. No number leads to what is behind it (`no_buttons` of the view).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.template.loader import render_to_string

from analytics.dashboards.tiles import Shows
from analytics.definitions.glossary import glossary_for
from analytics.kinds.people import ABOUT_PEOPLE, HOLDS_ADDRESSES, LISTS, has_addresses, may_tell_who
from analytics.kinds.registry import KINDS, kind_of, run
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Query
from analytics.shared_links.opened import OpenedLink
from analytics.store.failures import QueryBusy, QueryFailed
from analytics.store.protocol import TIME_LIMIT
from analytics.views.analyze import answer_context
from analytics.views.answers import AnsweredQuestion, understand
from analytics.views.chart_notes import TileNotes, notes_of_answer
from analytics.views.export_formats import csv_lines
from analytics.views.exports import in_words

KEPT_SECONDS = 60
MOST_KEPT = 500_000  # characters of an answer; larger ones are made anew
ENOUGH = 0.9 * TIME_LIMIT  # who fails within less may have failed because others took the time of a whole page
HIDES_PEOPLE = f"{ABOUT_PEOPLE} The link does not show that."
HIDES_ADDRESSES = f"{HOLDS_ADDRESSES} The link does not show them."
NO_ANSWER = "There is no answer at the moment. If it stays so, tell whoever gave you this link."
NO_TIME = "The answers before this one took too long. Load the page again to see it."
QUEUED = "Many are looking at the moment. Load the page again in a few seconds."
TILE, ANSWER, ROWS = (f"analytics/shared/{name}.html" for name in ("tile", "answer", "rows"))


@dataclass(frozen=True)
class SharedQuestion:
    """A question of a link: that of a report, or of a tile of a dashboard. `shows` is of tiles; None: all of it."""

    kind: str
    parameters: Mapping[str, list[str]]
    shows: Shows | None = None


class NoFile(Exception):
    """There is no CSV: the link hides the answer, or there is none at the moment. The message says so."""

    def __init__(self, asked: AnsweredQuestion) -> None:
        super().__init__(asked.failure)
        self.is_hidden = asked.failure in (HIDES_PEOPLE, HIDES_ADDRESSES)


@dataclass(frozen=True)
class SharedKind:
    """The templates of a kind, for those without a login: lists of people are plain tables, which lead to nobody."""

    tile_template: str
    answer_template: str


def answer_html(opened: OpenedLink, question: SharedQuestion, url: str, limit: timedelta = TIME_LIMIT) -> str:
    """The answer, or why there is none. With a `url` it comes again from there by itself, if it has to wait."""
    asked = _understood(opened, question)
    key = _key(opened, question, asked, "html" if url else "whole")
    html: str | None = cache.get(key) if key else None
    if html is None:
        _ask(opened, question, asked, limit)
        html = _rendered(opened, question, asked, url)
        if asked.result is not None and len(html) <= MOST_KEPT:
            cache.set(key, html, KEPT_SECONDS)
    return html


def hides(opened: OpenedLink, question: SharedQuestion) -> bool:
    """Whether it is not even asked, because the link does not show who people are."""
    return _understood(opened, question).failure == HIDES_PEOPLE


def answer_csv(opened: OpenedLink, question: SharedQuestion) -> str:
    """The numbers that the page shows, as CSV. Raises NoFile."""
    asked = _understood(opened, question)
    key = _key(opened, question, asked, "csv")
    text: str | None = cache.get(key) if key else None
    if text is None:
        _ask(opened, question, asked, TIME_LIMIT)
        if asked.result is None:
            raise NoFile(asked)
        text = "".join(csv_lines(asked.result, in_words(asked.result), iter(asked.result.table().rows)))
        if len(text) <= MOST_KEPT:
            cache.set(key, text, KEPT_SECONDS)
    return text


def _understood(opened: OpenedLink, question: SharedQuestion) -> AnsweredQuestion:
    """The question, read anew. Its failure says so if the link may not show it."""
    asked = understand(opened.environment, question.kind, question.parameters)
    query = asked.query
    if query is None:
        asked.failure = NO_ANSWER
    elif not opened.link.shows_people and may_tell_who(query):
        asked.failure = HIDES_PEOPLE
    return asked


def _ask(opened: OpenedLink, question: SharedQuestion, asked: AnsweredQuestion, limit: timedelta) -> None:
    """Ask, unless it failed, or was hidden, within KEPT_SECONDS, as part of a page or for a file."""
    if asked.query is None or asked.failure:
        return
    key = _key(opened, question, asked, "failure")
    asked.failure = cache.get(key, "")
    if asked.failure:
        return
    try:
        asked.result = run(asked.query, limit=limit)
    except QueryBusy:
        asked.is_queued, asked.failure = True, QUEUED
    except QueryFailed:
        asked.failure = NO_ANSWER if limit >= ENOUGH else NO_TIME
    except BadQuery:
        asked.failure = NO_ANSWER
    if asked.result and not opened.link.shows_people and has_addresses(asked.result, _words(asked.query)):
        asked.result, asked.failure = None, HIDES_ADDRESSES
    if asked.failure not in ("", QUEUED, NO_TIME):
        cache.set(key, asked.failure, KEPT_SECONDS)


def _words(query: Query) -> list[str]:
    """What a page says of the question, beside its answer."""
    kind, glossary = kind_of(query), glossary_for(query)
    return [kind.words(query, glossary), kind.sentence(query, glossary)]


def _rendered(opened: OpenedLink, question: SharedQuestion, asked: AnsweredQuestion, url: str) -> str:
    environment = opened.environment
    context = answer_context(asked, "")
    if asked.result is None:  # what is hidden is not told by the question either
        context |= {"title": "", "sentence": "", "span": ""}
    shown, kind = context["answer"], KINDS[question.kind]
    is_list = kind.query in LISTS
    context |= {
        "environment": environment,
        "kind": SharedKind(ROWS if is_list else kind.tile_template, ROWS if is_list else kind.answer_template),
        "url": url,
        "csv_url": "csv/" if url else "../csv/",  # relative, because the cache must not hold the secret
        "is_number": question.shows is Shows.NUMBER,
        "marks": "",
        "notes": None,
        "can": frozenset(),
        "robots_left_out": environment.project.leaves_out_robots,
    }
    if opened.link.shows_notes and question.shows is None:
        notes = notes_of_answer(environment, shown, "")
        context["notes"] = notes and replace(notes, more=0, add_url="", add_at="")
    elif opened.link.shows_notes:
        context["marks"] = TileNotes(environment).marks(shown)
    return render_to_string(ANSWER if question.shows is None else TILE, context)


def _key(opened: OpenedLink, question: SharedQuestion, asked: AnsweredQuestion, form: str) -> str:
    """Names the answer in the cache: what it says depends on this alone. Empty if nothing is asked."""
    if asked.query is None or asked.failure:
        return ""
    parts: tuple[Any, ...] = (opened.link.pk, question.kind, question.shows, asked.query.scope, asked.querystring, form)
    return "shared:" + sha256("\0".join(map(str, parts)).encode()).hexdigest()
