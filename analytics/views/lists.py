"""The lists of definitions, segments and reports: one page of the rows that fit, in the order that was asked for.

All three have the same columns, filters and orders, and take the same number of statements however long they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Page, Paginator
from django.db.models import Func, Q, QuerySet
from django.http import HttpRequest

from accounts.models import User
from analytics.dashboards.kept import dashboards, reports_on
from analytics.definitions.bodies import DefinitionBody
from analytics.definitions.lineages import DEFINITION, NOUNS, REPORT, LineageKey, references
from analytics.definitions.used_by import uses
from analytics.environments.compare import Thing
from analytics.environments.differences import lines, names_only
from analytics.labelling.picture import Picture, of_definition
from analytics.models import MODELS, Definition, Report, Segment
from analytics.views.last_matches import LastMatch, last_matches
from projects.models import Environment

PAGE_SIZE = 100
MAX_CHOICES = 500  # tags and owners in a drop-down
MAX_WORDS = 300  # characters of what a row says of itself
AnyKept = Definition | Segment | Report
ORDERS: dict[str, tuple[str, ...]] = {  # columns of the database by `sort`; "used" is counted, see `_by_use`
    "name": ("name",),
    "kind": ("kind", "name"),
    "owner": ("created_by__name", "created_by__email", "name"),
    "changed": ("changed_at",),
    "used": (),
}


@dataclass(frozen=True)
class Wanted:
    """What the URL asks of a list: a text in names and notes, a tag, an owner's number, an order ("-" reverses it)."""

    q: str = ""
    tag: str = ""
    owner: str = ""
    sort: str = "name"

    @classmethod
    def of(cls, parameters: Mapping[str, str], noun: str) -> "Wanted":
        """Unknown values are left out."""
        texts = {name: parameters.get(name, "").replace("\0", "").strip() for name in ("q", "tag", "owner", "sort")}
        column = texts["sort"].removeprefix("-")
        if column not in ORDERS or (column == "kind" and noun != REPORT):
            texts["sort"] = cls.sort
        if not (texts["owner"].isdecimal() and texts["owner"].isascii() and len(texts["owner"]) < 19):
            texts["owner"] = ""
        return cls(**texts)

    @property
    def narrows(self) -> bool:
        return bool(self.q or self.tag or self.owner)

    @property
    def query(self) -> str:
        """As the part of a URL after the question mark; what is not asked for is left out."""
        plain = Wanted()
        return urlencode({name: value for name, value in vars(self).items() if value != getattr(plain, name)})

    def fits(self) -> Q:
        found = Q(name__icontains=self.q) | Q(notes__icontains=self.q) if self.q else Q()
        if self.tag:
            found &= Q(tags__contains=[self.tag])
        return found & Q(created_by=int(self.owner)) if self.owner else found


@dataclass(frozen=True)
class Heading:
    """A column's head: where a click on it leads, and how the list is ordered by it now ("" if it is not)."""

    name: str
    sorts: bool = False
    query: str = ""
    ordered: str = ""


@dataclass(frozen=True)
class ListedRow:
    """One row of the page, what it asks in words, and how often it is used."""

    kept: AnyKept
    words: str
    used: int
    last: LastMatch | None = None  # of a definition
    picture: Picture | None = None  # of a definition's element


@dataclass(frozen=True)
class KeptList:
    """A page of a list. `tags` and `owners` are the choices to narrow it by, of the whole list."""

    noun: str
    wanted: Wanted
    page: Page[Any]
    entries: list[ListedRow]
    tags: list[str]
    owners: list[tuple[str, str]]  # (number, name)

    @property
    def is_plain_start(self) -> bool:
        """Whether it is the first page of everything by name."""
        return self.page.number == 1 and self.wanted == Wanted()

    @cached_property
    def headings(self) -> dict[str, Heading]:
        is_report = self.noun == REPORT
        return {
            "name": self._heading("Name", "name"),
            "asks": self._heading("What it asks", "kind") if is_report else Heading("What it is"),
            **({"seen": Heading("Last seen")} if self.noun == DEFINITION else {}),
            "tags": Heading("Tags"),
            "owner": self._heading("Owner", "owner"),
            "changed": self._heading("Changed", "changed", falls=True),
            "used": self._heading("On dashboards" if is_report else "Used in", "used", falls=True),
        }

    def _heading(self, name: str, column: str, falls: bool = False) -> Heading:
        """`falls`: the first click puts the newest, or the most, on top."""
        now = self.wanted.sort
        first, second = (f"-{column}", column) if falls else (column, f"-{column}")
        ordered = {column: "ascending", f"-{column}": "descending"}.get(now, "")
        return Heading(name, True, replace(self.wanted, sort=second if now == first else first).query, ordered)


def kept_list(request: HttpRequest, environment: Environment, noun: str) -> KeptList:
    """Read the page that the URL asks for."""
    wanted = Wanted.of(request.GET, noun)
    everything: QuerySet[Any] = MODELS[noun]._default_manager.filter(environment=environment)
    used = _uses(environment, noun)
    found = everything.filter(wanted.fits())
    if wanted.sort.endswith("used"):
        pages = Paginator(_by_use(found, used, wanted.sort.startswith("-")), PAGE_SIZE)
    else:
        pages = Paginator(found.order_by(*_order(wanted.sort)), PAGE_SIZE)
    page = pages.get_page(request.GET.get("page"))
    rows = _rows(everything, page)
    says = in_words(environment, noun, rows)
    seen = last_matches(environment, [row for row in rows if isinstance(row, Definition)]) if noun == DEFINITION else {}
    entries = [
        ListedRow(row, _joined(noun, words), used.get(row.lineage, 0), seen.get(row.lineage), _picture(row))
        for row, words in says
    ]
    return KeptList(noun, wanted, page, entries, _tags(everything), _owners(everything))


def _picture(row: AnyKept) -> Picture | None:
    body = DefinitionBody.if_readable(row.body) if isinstance(row, Definition) else None
    return of_definition(body) if body else None


def _order(sort: str) -> list[str]:
    columns = [*ORDERS[sort.removeprefix("-")], "pk"]
    return [f"-{column}" for column in columns] if sort.startswith("-") else columns


def _by_use(found: QuerySet[Any], used: dict[UUID, int], most_first: bool) -> list[int]:
    """The keys of these rows by how often they are used, then by name."""
    keys = list(found.order_by("name", "pk").values_list("pk", "lineage"))
    keys.sort(key=lambda row: used.get(row[1], 0), reverse=most_first)
    return [key for key, _ in keys]


def _rows(everything: QuerySet[Any], page: Page[Any]) -> list[AnyKept]:
    keys = [each if isinstance(each, int) else each.pk for each in page.object_list]
    found = everything.select_related("created_by").in_bulk(keys)
    return [found[key] for key in keys if key in found]


def _uses(environment: Environment, noun: str) -> dict[UUID, int]:
    """How often each thing is used, by lineage. A report is used on dashboards."""
    if noun != REPORT:
        return uses(environment)
    return {lineage: len(found) for lineage, found in reports_on(dashboards(environment)).items()}


def _tags(everything: QuerySet[Any]) -> list[str]:
    tags = everything.annotate(tag=Func("tags", function="unnest")).values_list("tag", flat=True)
    return list(tags.distinct().order_by("tag")[:MAX_CHOICES])


def _owners(everything: QuerySet[Any]) -> list[tuple[str, str]]:
    people = User.objects.filter(pk__in=everything.values("created_by")).order_by("name", "email")
    return [(str(person.pk), str(person)) for person in people[:MAX_CHOICES]]


def in_words(environment: Environment, noun: str, rows: Iterable[AnyKept]) -> list[tuple[AnyKept, list[str]]]:
    """Each row with its content in words, line by line: a statement for the names of each noun that they refer to."""
    things = [(row, Thing(noun, row.lineage, row.name, row.notes, row.body, getattr(row, "kind", ""))) for row in rows]
    keys = {key for _, thing in things for key in references(thing.body)}
    named = names_only([Thing(*each, "", {}) for noun in NOUNS for each in _names(environment, noun, keys)])
    return [(row, lines(thing, named, detailed=False)) for row, thing in things]


def _names(environment: Environment, noun: str, keys: Iterable[LineageKey]) -> Iterable[tuple[str, UUID, str]]:
    lineages = [key.lineage for key in keys if key.noun == noun]
    found = MODELS[noun]._default_manager.filter(environment=environment, lineage__in=lineages)
    return ((noun, lineage, name) for lineage, name in found.values_list("lineage", "name"))


def _joined(noun: str, words: list[str]) -> str:
    text = (" or " if noun == DEFINITION else " · ").join(words)
    return text if len(text) <= MAX_WORDS else f"{text[: MAX_WORDS - 1]}…"
