"""For how long events are kept: which setting counts, and where the time ends."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from projects.keeping import kept_from, months_kept
from projects.models import Environment, Project


@pytest.mark.parametrize(
    ("installation", "project", "environment", "kept"),
    [
        (0, None, None, None),
        (13, None, None, 13),
        (0, 6, None, 6),
        (0, 6, 24, 24),
        (0, 6, 1, 1),
        (13, 24, None, 13),
        (13, 6, 24, 13),
        (13, 6, 3, 3),
    ],
)
def test_the_nearest_setting_counts_but_never_beyond_the_installations(
    settings, installation, project, environment, kept
):
    settings.EVENTS_MONTHS = installation

    assert months_kept(Environment(project=Project(months_kept=project), months_kept=environment)) == kept


@pytest.mark.parametrize(
    ("months", "now", "start"),
    [
        (1, datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)),
        (1, datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)),
        (1, datetime(2026, 1, 15, tzinfo=UTC), datetime(2025, 12, 1, tzinfo=UTC)),
        (12, datetime(2026, 2, 28, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)),
        (120, datetime(2026, 12, 31, tzinfo=UTC), datetime(2016, 12, 1, tzinfo=UTC)),
        (1, datetime(2026, 12, 1, 5, tzinfo=timezone(timedelta(hours=9))), datetime(2026, 10, 1, tzinfo=UTC)),
    ],
)
def test_whole_months_are_kept_beside_the_month_at_hand(months, now, start):
    assert kept_from(months, now) == start
