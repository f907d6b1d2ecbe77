"""The migration gives each partition its index of names by itself, and builds nothing."""

# ruff: noqa: F401, F811 (fixtures by import)

import threading
from importlib import import_module

import psycopg
import pytest
from django.db import connection

from common.database import conninfo
from events import moving
from events.upkeep import ensure_partitions
from tests.events.making import rows
from tests.events.old_months import APRIL, KEYS, MAY, april, fill, run

MIGRATION = import_module("events.migrations.0013_packing")


class TestMigration:
    @pytest.fixture(autouse=True)
    def back(self, april):
        """As it was before the migration; afterwards as it is now."""
        fill()
        with connection.schema_editor(atomic=False) as editor:
            MIGRATION.together(None, editor)
        yield
        run("drop table if exists events_2021_05")

    def migrate(self):
        with connection.schema_editor(atomic=False) as editor:
            MIGRATION.separate(None, editor)

    def of_names(self):
        return rows(
            "select indexrelid, indrelid, pg_relation_filenode(indexrelid) from pg_index "
            "join pg_class on oid = indexrelid where indrelid in (select relid from pg_partition_tree('events')) "
            "and indnatts = 7 and relkind = 'i' order by 1"
        )

    def test_no_index_is_built_and_events_stay_where_they_are(self):
        moving.begin([MAY])  # whose copies would lack the index
        before, indexes = rows(KEYS), self.of_names()
        assert rows("select indisvalid from pg_index where indexrelid = 'events_by_name'::regclass") == [(True,)]

        self.migrate()

        assert rows(KEYS) == before and len(before) == 200
        assert self.of_names() == indexes and len(indexes) > 4
        assert rows("select to_regclass('events_by_name'), to_regclass('events_moving')") == [(None, None)]
        assert not rows("select 1 from pg_constraint where conname = 'of_its_time'")

    def test_it_tries_again_while_somebody_reads(self):
        reader = psycopg.connect(conninfo())
        reader.execute("select 1 from events")
        threading.Timer(0.6, reader.close).start()

        self.migrate()

        assert rows("select to_regclass('events_by_name')") == [(None,)]

    def test_a_partition_that_is_made_meanwhile_keeps_its_index(self, monkeypatch):
        real, made = MIGRATION.found, []

        def found(cursor):
            partitions = real(cursor)
            if not made:
                made.append(True)
                ensure_partitions(APRIL.ends.date(), APRIL.ends.date())
            return partitions

        monkeypatch.setattr(MIGRATION, "found", found)
        with pytest.raises(RuntimeError, match="Migrate again"):
            self.migrate()
        self.migrate()

        assert rows("select count(*) from pg_indexes where tablename = 'events_2021_05'") == [(4,)]
