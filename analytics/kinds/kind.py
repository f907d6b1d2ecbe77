"""The interface of a kind of question: all that other code needs to know about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from analytics.definitions.glossary import Glossary
from analytics.definitions.words import filter_words
from analytics.forms.choices import Choices
from analytics.forms.questions import QuestionForm
from analytics.kinds.behind import Find, with_dates
from analytics.kinds.buckets import TimeAxis
from analytics.kinds.change import Change
from analytics.questions.behind import pinned
from analytics.questions.parameters import Reader
from analytics.questions.query import Query, Scope
from analytics.questions.results import Result, Table
from analytics.questions.words import lowered
from analytics.sql.context import QueryContext

Q = TypeVar("Q", bound=Query)
R = TypeVar("R", bound=Result)
AnyResult = TypeVar("AnyResult", bound=Result)


@dataclass(frozen=True)
class KeyFigure:
    """The most important number of an answer, as text, and how far it is from before, if it is compared.

    `behind`: its place, if something stands behind it.
    """

    value: str
    unit: str
    behind: str = ""
    change: Change | None = None


@dataclass(frozen=True)
class LegendItem:
    """`colour` is empty for what is only named. `is_apart`: the name is no value (results.Column)."""

    name: str
    colour: str
    total: str
    is_apart: bool = False
    change: Change | None = None


@dataclass(frozen=True)
class AnswerView:
    """A result as the page shows it. Each kind adds what its own templates need. Nothing is counted here.

    `behind_groups`: digests of the groups that it shows (questions/behind.py). `time_axis`: that of its chart, where
    notes are marked; None without a chart over time.
    """

    result: Result
    headline: KeyFigure | None  # None if no single number sums up the result
    is_empty: bool
    behind_groups: tuple[str, ...] = field(default=(), kw_only=True)
    time_axis: TimeAxis | None = field(default=None, kw_only=True)


class RunQuery(Protocol):
    """Answers a question as of a given moment (registry.run)."""

    def __call__(self, query: Query[AnyResult], *, now: datetime) -> AnyResult: ...


@dataclass(frozen=True)
class QueryKind(Generic[Q, R]):
    """One kind of question. No field has a default, so that a new kind cannot forget one.

    Parameters and references depend on the question alone, so they are methods of its class (questions/query.py). The
    answer's table, which is also its CSV, is a method of the result (questions/results.py). Every question can be saved
    as a report, pinned, and compared with another environment's.
    """

    query: type[Q]
    label: str  # the name for people
    prompt: str | None  # what to choose first; None if the page can ask without parameters
    read: Callable[[Reader, Scope], Q]  # raises BadQuery; errors of single parameters are in the reader
    answer: Callable[[Q, QueryContext], R]  # asks the database
    further: Callable[[R, RunQuery], Iterator[Table]]  # for the CSV: if the result is a page of a list, the later pages
    words: Callable[[Q, Glossary], str]  # one line that names the question, without its range
    details: Callable[[Q, Glossary], Iterable[str]]  # the rest of it, one idea per line, without filters and segments
    clauses: Callable[[Q, Glossary], Iterable[str]]  # all of it, as parts of a sentence, without filters and segments
    form: Callable[[Reader, Choices], QuestionForm]  # filled with the parameters and errors of the reader
    show: Callable[[R, str], AnswerView]  # for the page; the text is the chart's title
    behind: Find | None  # what stands behind a number; None if nothing is listed

    @property
    def name(self) -> str:
        """The name in URLs and reports."""
        return self.query.kind

    def sentence(self, query: Q, glossary: Glossary) -> str:
        """The whole question: "Count of Paid, where plan is gold, last 30 days, by day, grouped by country."."""
        first, *others = self.clauses(query, glossary)
        later = [*filter_words(query, glossary), query.range_words(), *others]
        return ", ".join([first, *(lowered(each) for each in later if each)]) + "."

    @property
    def form_template(self) -> str:
        """The kind's part of the form. Context: `form`, `environment`."""
        return f"analytics/kinds/{self.name}/form.html"

    @property
    def answer_template(self) -> str:
        """An answer that is not empty. Context: `answer`, `environment`, `action` (the page's URL), `notes`, `can`."""
        return f"analytics/kinds/{self.name}/answer.html"

    @property
    def tile_template(self) -> str:
        """A small answer for the dashboard. Context: `answer`, `environment`, `title`, `marks`."""
        return f"analytics/kinds/{self.name}/tile.html"


def pinned_parameters(view: AnswerView) -> list[tuple[str, str]]:
    """What the links of all numbers of an answer share: its question with absolute dates, its moment, its groups."""
    query, as_of = with_dates(view.result), view.result.ran.as_of
    return [("kind", query.kind), *query.parameters(), *pinned(as_of, view.behind_groups)]


def nothing_further(result: Result, run: RunQuery) -> Iterator[Table]:
    """`further` of kinds whose result is the whole answer."""
    return iter(())
