"""The interface of a kind of question: all that the rest of the product needs to know about it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from analytics.definitions.catalogue import Catalogue
from analytics.forms.choices import Choices
from analytics.forms.questions import QuestionForm
from analytics.questions.parameters import Reader
from analytics.questions.query import Query, Scope
from analytics.questions.results import Result, Table
from analytics.sql.context import QueryContext

Q = TypeVar("Q", bound=Query)
R = TypeVar("R", bound=Result)
AnyResult = TypeVar("AnyResult", bound=Result)


@dataclass(frozen=True)
class KeyFigure:
    """The number that matters, written out."""

    value: str
    unit: str


@dataclass(frozen=True)
class LegendItem:
    name: str
    colour: str
    total: str


@dataclass(frozen=True)
class AnswerView:
    """What the page shows of a result; each kind adds what its own templates show. Nothing is counted here."""

    result: Result
    headline: KeyFigure | None  # None where no number stands for all of it
    is_empty: bool


class RunQuery(Protocol):
    """Asks a question as of a moment (registry.run)."""

    def __call__(self, query: Query[AnyResult], *, now: datetime) -> AnyResult: ...


@dataclass(frozen=True)
class QueryKind(Generic[Q, R]):
    """One kind of question. Every field has to be filled: there is nothing that a kind may leave out.

    A question's parameters and references need nothing else, so they are methods of its class
    (questions/query.py); the answer's table, which is also its CSV, is a method of the result (questions/results.py).
    Whatever can be asked can be saved as a report, pinned and compared with another environment's.
    """

    query: type[Q]
    label: str  # what people call it
    prompt: str | None  # what to choose first; None where a page without parameters has a question to ask
    read: Callable[[Reader, Scope], Q]  # raises BadQuery; what else is wrong is noted in the reader
    answer: Callable[[Q, QueryContext], R]  # asks the database
    further: Callable[[R, RunQuery], Iterator[Table]]  # for the CSV: what follows a result that is a page of a list
    words: Callable[[Q, Catalogue], str]  # one line that names the question, without its range
    details: Callable[[Q, Catalogue], Iterable[str]]  # what else it says, an idea a line, without filters and segments
    form: Callable[[Reader, Choices], QuestionForm]  # filled with what was read; the reader says what is wrong
    show: Callable[[R, str], AnswerView]  # for the page; the text says what a chart is of

    @property
    def name(self) -> str:
        """In URLs and reports."""
        return self.query.kind

    @property
    def form_template(self) -> str:
        """Its own part of the form: `form`, `environment`."""
        return f"analytics/kinds/{self.name}/form.html"

    @property
    def answer_template(self) -> str:
        """The answer that is not empty: `answer`, `environment`, `action` (the page's own URL)."""
        return f"analytics/kinds/{self.name}/answer.html"

    @property
    def tile_template(self) -> str:
        """The same in small, for the dashboard: `answer`, `environment`, `title`."""
        return f"analytics/kinds/{self.name}/tile.html"


def nothing_further(result: Result, run: RunQuery) -> Iterator[Table]:
    """For kinds whose result is the whole answer."""
    return iter(())
