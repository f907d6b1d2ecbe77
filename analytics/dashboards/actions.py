"""Changes to dashboards. People who change one at once take turns: each change is made to what the other one left."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from analytics.actions import Gone as Gone
from analytics.actions import note
from analytics.dashboards.kept import saved_dashboards, tiles_of
from analytics.dashboards.tiles import Tile, in_order, moved, write_tiles
from analytics.models import MAX_DASHBOARDS, MAX_TILES, Dashboard, Report
from common.counted import counted
from projects.models import Environment


class TooMany(Exception):
    """There is no room for a further dashboard or tile. The message says so."""


@transaction.atomic
def create_dashboard(*, environment: Environment, name: str, by: User) -> Dashboard:
    """Create one without tiles, behind the others. Raises TooMany."""
    environment = _locked(environment)
    count = len(saved_dashboards(environment))
    if count >= MAX_DASHBOARDS:
        raise TooMany(f"An environment has at most {counted(MAX_DASHBOARDS, 'dashboard')}.")
    made = Dashboard.objects.create(
        environment=environment, name=name, body=write_tiles({}, []), created_by=by, changed_by=by
    )
    note(environment, by, "dashboard.create", name)
    return made


@transaction.atomic
def rename_dashboard(*, dashboard: Dashboard, name: str, by: User) -> Dashboard:
    """Raises Gone."""
    row = _row(dashboard)
    if row.name != name:
        note(row.environment, by, "dashboard.change", name, {"name": [row.name, name]})
        _save(row, by, name=name)
    return row


@transaction.atomic
def delete_dashboard(*, dashboard: Dashboard, by: User) -> None:
    """If it was the last one, the environment has an untouched Overview again. Raises Gone."""
    row = _row(dashboard)
    note(row.environment, by, "dashboard.delete", row.name)
    row.delete()


@transaction.atomic
def order_dashboards(*, environment: Environment, lineages: Iterable[UUID], by: User) -> None:
    """Order them by this list. Those that are not listed follow, in their old order."""
    environment = _locked(environment)
    rows = saved_dashboards(environment)
    places = {lineage: place for place, lineage in enumerate(lineages)}
    ordered = sorted(rows, key=lambda each: places.get(each.lineage, len(places)))
    if ordered == rows:
        return
    for position, each in enumerate(ordered):
        each.position = position
    Dashboard.objects.bulk_update(ordered, ["position"])
    note(environment, by, "dashboard.order", counted(len(ordered), "dashboard"))


@transaction.atomic
def set_range(*, dashboard: Dashboard, parameters: Iterable[tuple[str, str]], by: User) -> None:
    """Give all tiles these parameters of a range; each its own again, if there are none. Raises Gone."""
    row = _row(dashboard)
    body = {name: value for name, value in row.body.items() if name != "range"}
    if chosen := [list(pair) for pair in parameters]:
        body["range"] = chosen
    if body != row.body:
        note(row.environment, by, "dashboard.range", row.name)
        _save(row, by, body=body)


def add_tile(*, dashboard: Dashboard, tile: Tile, by: User, place: int | None = None) -> Tile:
    """Add it at the end, or at this place. Returns the tile, with an id of its own. Raises Gone, TooMany."""
    made = replace(tile, id=uuid4())

    def add(tiles: list[Tile]) -> list[Tile]:
        here = len(tiles) if place is None else place
        return [*tiles[:here], made, *tiles[here:]]

    _change_tiles(dashboard, by, "dashboard.tile_add", add)
    return made


def pin(*, dashboard: Dashboard, report: Report, by: User) -> None:
    """Add the report at the end. If it is there, nothing changes. Raises Gone, TooMany."""
    made = Tile(uuid4(), report=report.lineage)

    def add(tiles: list[Tile]) -> list[Tile]:
        return tiles if any(each.report == report.lineage for each in tiles) else [*tiles, made]

    _change_tiles(dashboard, by, "report.pin", add, report)


def unpin(*, dashboard: Dashboard, report: Report, by: User) -> None:
    """Take all tiles of the report off the dashboard. Raises Gone."""

    def remain(tiles: list[Tile]) -> list[Tile]:
        return [each for each in tiles if each.report != report.lineage]

    _change_tiles(dashboard, by, "report.unpin", remain, report)


def remove_tile(*, dashboard: Dashboard, tile: UUID, by: User) -> tuple[Tile, int] | None:
    """Returns what was removed and its place, so that it can be added again; None if it was not there. Raises Gone."""
    removed: list[tuple[Tile, int]] = []

    def remove(tiles: list[Tile]) -> list[Tile]:
        removed.extend((each, place) for place, each in enumerate(tiles) if each.id == tile)
        return [each for each in tiles if each.id != tile]

    _change_tiles(dashboard, by, "dashboard.tile_remove", remove)
    return removed[0] if removed else None


def move_tile(*, dashboard: Dashboard, tile: UUID, places: int, by: User) -> None:
    """Move it so many places further back, or to the front if it is negative. Raises Gone."""
    _change_tiles(dashboard, by, "dashboard.reorder", lambda tiles: moved(tiles, tile, places))


def order_tiles(*, dashboard: Dashboard, ids: Iterable[UUID], by: User) -> None:
    """Order them by this list. Those that are not listed follow, in their old order. Raises Gone."""
    ids = list(ids)
    _change_tiles(dashboard, by, "dashboard.reorder", lambda tiles: in_order(tiles, ids))


def change_tile(*, dashboard: Dashboard, tile: UUID, by: User, **fields: Any) -> None:
    """Set fields of one tile: its size, what it shows, its heading or its text. Raises Gone."""
    _change_tiles(
        dashboard,
        by,
        "dashboard.tile_change",
        lambda tiles: [replace(each, **fields) if each.id == tile else each for each in tiles],
    )


@transaction.atomic
def _change_tiles(
    dashboard: Dashboard,
    by: User,
    verb: str,
    change: Callable[[list[Tile]], list[Tile]],
    report: Report | None = None,
) -> None:
    """Save what `change` makes of the tiles, if that is anything else. Raises Gone, TooMany."""
    row = _row(dashboard)
    before = tiles_of(row)
    after = change(before)
    if len(after) > max(MAX_TILES, len(before)):
        raise TooMany(f"A dashboard has at most {counted(MAX_TILES, 'tile')}.")
    if after != before:
        target, details = (report.name, {"dashboard": row.name}) if report else (row.name, None)
        note(row.environment, by, verb, target, details)
        _save(row, by, body=write_tiles(row.body, after))


def _row(dashboard: Dashboard) -> Dashboard:
    """The saved row, behind the lock. Raises Gone."""
    environment = _locked(dashboard.environment)
    for each in saved_dashboards(environment):
        if each.lineage == dashboard.lineage:
            each.environment = environment
            return each
    raise Gone


def _locked(environment: Environment) -> Environment:
    """Lock the environment's dashboards, so that two people who arrange them take turns."""
    return Environment.objects.select_for_update(no_key=True).select_related("project__account").get(pk=environment.pk)


def _save(row: Dashboard, by: User, **fields: Any) -> None:
    Dashboard.objects.filter(pk=row.pk).update(
        **fields, version=F("version") + 1, changed_by=by, changed_at=timezone.now()
    )
