"""What a kind of question is: all that the rest of the product has to know of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from analytics.definitions.catalogue import Catalogue
from analytics.questions.parameters import Reader
from analytics.questions.query import Query, Scope
from analytics.questions.results import Result
from analytics.sql.asking import Asking

Q = TypeVar("Q", bound=Query)
R = TypeVar("R", bound=Result)


@dataclass(frozen=True)
class Kind(Generic[Q, R]):
    """One kind of question. Every field has to be filled: there is nothing that a kind may leave out.

    What a question knows without anybody's help, its parameters and what it refers to, are methods of its class
    (questions/query.py); the answer's table is a method of the result (questions/results.py).
    """

    query: type[Q]
    label: str  # what people call it
    prompt: str | None  # what to choose first; None where a page without parameters has a question to ask
    read: Callable[[Reader, Scope], Q]  # raises BadQuery; what else is wrong is noted in the reader
    answer: Callable[[Q, Asking], R]  # asks the database
    words: Callable[[Q, Catalogue], str]  # one line that names the question, without its range
    details: Callable[[Q, Catalogue], Iterable[str]]  # what else it says, an idea a line, without filters and segments

    @property
    def name(self) -> str:
        """In URLs and reports."""
        return self.query.kind
