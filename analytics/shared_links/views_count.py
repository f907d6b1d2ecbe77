"""How often links are opened. Each process counts in memory and writes every few seconds, so views wait for nothing."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.utils import timezone

from analytics.models import SharedLink
from common.periodic_writer import BoundStatement, TimedWriter

TakenViews = dict[tuple[int, date], tuple[int, datetime]]  # views and the last of them, by link and day

WRITE = """
with seen as (
    select one.* from unnest(%(links)s::bigint[], %(days)s::date[], %(views)s::int[], %(last)s::timestamptz[])
        as one(link_id, day, views, last_at)
    join analytics_sharedlink link on link.id = one.link_id
    order by one.link_id for no key update of link
), counted as (
    insert into analytics_sharedlinkviews (link_id, day, views)
    select link_id, day, views from seen order by link_id, day
    on conflict (link_id, day) do update set views = analytics_sharedlinkviews.views + excluded.views
)
update analytics_sharedlink link set last_viewed_at = greatest(link.last_viewed_at, newest.last_at)
from (select link_id, max(last_at) as last_at from seen group by link_id) newest
where link.id = newest.link_id
"""
"""Skips deleted links; the others cannot be deleted until this is committed. Rows are locked in a fixed order, so that
processes cannot deadlock."""


class ViewTally:
    """Views that were not written yet."""

    def __init__(self) -> None:
        self._counted: TakenViews = {}

    def __bool__(self) -> bool:
        return bool(self._counted)

    def add(self, key: tuple[int, date], views: int, last_at: datetime) -> None:
        before, last_before = self._counted.get(key, (0, last_at))
        self._counted[key] = before + views, max(last_before, last_at)

    def take(self) -> TakenViews:
        taken, self._counted = self._counted, {}
        return taken

    def give_back(self, taken: TakenViews) -> None:
        for key, (views, last_at) in taken.items():
            self.add(key, views, last_at)

    def statement(self, taken: TakenViews) -> BoundStatement:
        return BoundStatement(
            WRITE,
            {
                "links": [link for link, _ in taken],
                "days": [day for _, day in taken],
                "views": [views for views, _ in taken.values()],
                "last": [last_at for _, last_at in taken.values()],
            },
        )


_tally = ViewTally()
writer = TimedWriter(_tally)


def count_view(link: SharedLink) -> None:
    """Count that this link was opened now."""
    now = timezone.now()
    day = now.astimezone(ZoneInfo(link.environment.project.time_zone)).date()
    with writer.adding():
        _tally.add((link.pk, day), 1, now)
