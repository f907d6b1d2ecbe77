"""The tests that lean most on SQL, once more on PostgreSQL 15: the whole run is on the newest.

Backups of both are in tests/heapadmin/backups/test_dump.py.
"""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from tests.postgres_15 import Postgres15, needs_postgres_15

# Each begins with all migrations, on an empty server.
SELECTED = (
    "tests/analytics/test_golden.py",
    "tests/analytics/test_sql_against_oracle.py",
    "tests/analytics/test_subtraction.py::test_all_counted_days_are_what_a_fresh_count_gives[0]",
    "tests/analytics/test_erasure.py",
    "tests/events/test_bounds.py",
    "tests/events/test_erasure.py",
    "tests/events/test_identity.py",
    "tests/events/test_robots.py",
    "tests/events/test_two_writers.py",
    "tests/test_migrations.py::test_days_that_were_counted_in_todays_form_stay",
)
FEW = "5"  # random questions of each kind


@needs_postgres_15
@pytest.mark.timeout(600)
def test_what_leans_most_on_sql_works_on_postgresql_15(tmp_path_factory):
    folder = tmp_path_factory.mktemp("postgres-15")
    postgres = Postgres15(folder / "server").start()
    try:
        environment = os.environ | {"DATABASE_URL": postgres.url, "HYPOTHESIS_EXAMPLES": FEW}
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *SELECTED]
        result = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    finally:
        postgres.stop()

    assert result.returncode == 0, result.stdout[-5000:]
    assert "skipped" not in result.stdout
