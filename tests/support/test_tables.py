"""The tables of an account, derived from the schema so that none can be forgotten."""

import pytest
from django.db import connection

from projects.tables import ACCOUNT, account_tables, read_schema
from support.closing import unlinked_rows
from tests.support.filling import make_account, rows_of

pytestmark = pytest.mark.django_db


def names():
    return [table.name for table in account_tables(read_schema())]


def test_every_table_of_the_schema_is_an_accounts_or_named_with_a_reason():
    unknown = read_schema().tables - set(names()) - set(unlinked_rows.UNLINKED_TABLES)

    assert not unknown, (
        f"say in support/closing/unlinked_rows.py why a closed account leaves nothing in {sorted(unknown)}"
    )


def test_no_reason_is_given_for_a_table_that_is_an_accounts_or_is_not_there():
    assert set(unlinked_rows.UNLINKED_TABLES) <= read_schema().tables - set(names())


def test_a_new_table_with_a_foreign_key_is_found():
    with connection.cursor() as cursor:
        cursor.execute("create table a_new_one (report_id bigint references analytics_report(id))")

    assert "a_new_one" in names()


@pytest.mark.parametrize("column", ["environment_id", "project_id", "account_id"])
def test_a_new_table_with_nothing_but_a_column_named_like_a_key_is_found(column):
    with connection.cursor() as cursor:
        cursor.execute(f"create table a_new_one (id bigint, {column} bigint not null)")

    assert "a_new_one" in names()


def test_a_new_table_that_leads_nowhere_must_be_named():
    with connection.cursor() as cursor:
        cursor.execute("create table a_new_one (owner text)")

    assert "a_new_one" in read_schema().tables - set(names()) - set(unlinked_rows.UNLINKED_TABLES)


def test_a_customers_own_account_id_is_not_taken_for_ours():
    customers = next(table for table in account_tables(read_schema()) if table.name == "customers")

    assert [key.column for key in customers.keys] == ["environment_id"]


def test_rows_go_before_the_rows_that_they_point_to():
    order = names()

    assert order.index("analytics_pin") < order.index("analytics_report") < order.index("projects_environment")
    assert order[-1] == ACCOUNT


def test_the_account_that_tests_purge_has_a_row_in_every_table():
    empty = [table for table, rows in rows_of(make_account(events=10)).items() if not rows]

    assert not empty, f"tests/support/filling.py makes no row in {empty}"


def test_what_several_columns_point_to_together_is_no_way_to_tell_whose_a_row_is():
    with connection.cursor() as cursor:
        cursor.execute("create table a_day (environment_id bigint, day date, primary key (environment_id, day))")
        cursor.execute(
            "create table a_count (environment_id bigint, day date, "
            "foreign key (environment_id, day) references a_day on delete cascade)"
        )

    tables = account_tables(read_schema())
    count = next(table for table in tables if table.name == "a_count")
    assert [(key.column, key.parent) for key in count.keys] == [("environment_id", "projects_environment")]
    assert names().index("a_count") < names().index("a_day")


def test_a_table_whose_trigger_removes_rows_elsewhere_goes_after_them():
    with connection.cursor() as cursor:
        cursor.execute("create table z_pending (environment_id bigint)")
        cursor.execute("create table a_triggering (environment_id bigint)")
        cursor.execute(
            "create function remove_pending() returns trigger language plpgsql as "
            "$$ begin delete from z_pending; return null; end $$"
        )
        cursor.execute(
            "create trigger removing after delete on a_triggering for each statement execute function remove_pending()"
        )

    assert names().index("z_pending") < names().index("a_triggering")
