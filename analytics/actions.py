"""What changes definitions, segments, reports and the dashboard. Whoever saves an old version gets `Conflict`."""

from uuid import UUID

from accounts.models import User
from analytics.bodies import DefinitionBody, SegmentBody
from analytics.models import Definition, Pin, Report, Segment
from analytics.query import Query
from projects.models import Environment


class Conflict(Exception):
    """Somebody else saved meanwhile; `current` is what is there now."""

    def __init__(self, current: Definition | Segment | Report) -> None:
        super().__init__(f"{current} was changed meanwhile")
        self.current = current


class InUse(Exception):
    """It cannot go without a word: `reports`, `definitions` and `segments` refer to it."""

    def __init__(self, reports: list[Report], definitions: list[Definition], segments: list[Segment]) -> None:
        super().__init__("in use")
        self.reports, self.definitions, self.segments = reports, definitions, segments


def create_definition(
    *, environment: Environment, name: str, body: DefinitionBody, notes: str = "", by: User
) -> Definition:
    """Raises BadQuery when the body refers to what this environment has not."""
    raise NotImplementedError


def change_definition(
    *, definition: Definition, name: str, body: DefinitionBody, notes: str, version: int, by: User
) -> Definition:
    """`version` is the one that was edited. Raises Conflict, and BadQuery also where it would contain itself."""
    raise NotImplementedError


def delete_definition(*, definition: Definition, by: User, although_used: bool = False) -> None:
    """Raises InUse when something refers to it, unless `although_used`."""
    raise NotImplementedError


def create_segment(*, environment: Environment, name: str, body: SegmentBody, notes: str = "", by: User) -> Segment:
    raise NotImplementedError


def change_segment(*, segment: Segment, name: str, body: SegmentBody, notes: str, version: int, by: User) -> Segment:
    raise NotImplementedError


def delete_segment(*, segment: Segment, by: User, although_used: bool = False) -> None:
    raise NotImplementedError


def create_report(*, environment: Environment, name: str, query: Query, notes: str = "", by: User) -> Report:
    """Raises ValueError when the query is of another environment."""
    raise NotImplementedError


def change_report(*, report: Report, query: Query, version: int, by: User) -> Report:
    """Save another query under the same name. Raises Conflict."""
    raise NotImplementedError


def rename_report(*, report: Report, name: str, notes: str, version: int, by: User) -> Report:
    """Raises Conflict."""
    raise NotImplementedError


def delete_report(*, report: Report, by: User) -> None:
    raise NotImplementedError


def pin(*, report: Report, by: User) -> Pin:
    """Put it last on the dashboard; nothing changes where it is there already."""
    raise NotImplementedError


def unpin(*, report: Report, by: User) -> None:
    raise NotImplementedError


def reorder(*, environment: Environment, lineages: list[UUID], by: User) -> None:
    """Order the tiles as the reports' lineages are given. Tiles not named keep their order, after the named ones."""
    raise NotImplementedError
