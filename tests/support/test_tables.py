"""Which tables are an account's: derived from the schema, so that none can be forgotten."""

import pytest
from django.db import connection

from support.closing import extra
from support.closing.tables import ACCOUNT, account_tables, read_schema
from tests.support.filling import make_account, rows_of

pytestmark = pytest.mark.django_db


def names():
    return [table.name for table in account_tables(read_schema())]


def test_every_table_of_the_schema_is_an_accounts_or_named_with_a_reason():
    unknown = read_schema().tables - set(names()) - set(extra.KEPT)

    assert not unknown, f"say in support/closing/extra.py why a closed account leaves nothing in {sorted(unknown)}"


def test_no_reason_is_given_for_a_table_that_is_an_accounts_or_is_not_there():
    assert set(extra.KEPT) <= read_schema().tables - set(names())


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

    assert "a_new_one" in read_schema().tables - set(names()) - set(extra.KEPT)


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
