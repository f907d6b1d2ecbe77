"""Files of tests that take long: real faults, several servers, whole installations.

`make test` leaves them out while nothing narrows it; SLOW_TESTS=on, as CI sets it, runs them too.
"""

import os
from pathlib import Path

TESTS = Path(__file__).parent
SETTING = "SLOW_TESTS"
SLOW = frozenset(
    TESTS / name
    for name in (
        "accounts/test_full_disk.py",
        "accounts/test_nothing_stored.py",
        "analytics/test_behind_counts.py",
        "analytics/test_replica.py",
        "analytics/test_replica_left_alone.py",
        "browser/test_answer_first.py",
        "browser/test_ended_sessions.py",
        "browser/test_labelling.py",
        "browser/test_picker.py",
        "browser/test_staff_pages.py",
        "collector/test_fair_lanes.py",
        "collector/test_faults.py",
        "collector/test_full_disk.py",
        "collector/test_hostile_elsewhere.py",
        "collector/test_openapi.py",
        "heapadmin/backups/test_dump.py",
        "heapadmin/backups/test_proof.py",
        "heapadmin/test_busy_database.py",
        "heapadmin/test_databases_of_others.py",
        "heapadmin/test_full_disk.py",
        "heapadmin/test_health.py",
        "heapadmin/test_log_of_floods.py",
        "heapadmin/test_no_version.py",
        "heapadmin/backups/test_recovery.py",
        "heapadmin/test_poolers.py",
        "heapadmin/test_postgres_keeper.py",
        "heapadmin/test_reload.py",
        "heapadmin/test_slow_readers.py",
        "heapadmin/test_standalone.py",
        "heapadmin/test_standalone_stops.py",
        "heapadmin/test_upgrades.py",
        "support/test_purge_killed.py",
        "support/test_status_outage.py",
        "support/test_status_truth.py",
        "test_postgres_15.py",
        "test_year.py",
    )
)


def choose(config):
    """Decide for this run; the workers of pytest-xdist find the decision in their environment."""
    narrowed = config.args_source != config.ArgsSource.TESTPATHS or config.option.keyword or config.option.markexpr
    if narrowed:
        os.environ[SETTING] = "on"


def leave_out(config, items):
    """Take the slow tests out of `items`, unless this run wants them."""
    if os.environ.get(SETTING) == "on":
        return
    slow = [item for item in items if item.path in SLOW]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item.path not in SLOW]


def in_words():
    """A line for the head of a run."""
    return "" if os.environ.get(SETTING) == "on" else f"Slow tests ({len(SLOW)} files) are left out: {SETTING}=on"
