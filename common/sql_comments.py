"""Each statement of Django's connections begins with the id of the request or job that it works for, as a comment.

So `pg_stat_activity` and PostgreSQL's log say who asked. A comment costs no round trip, which `application_name` would,
and passes through poolers. PostgreSQL counts statements (pg_stat_statements) without comments. Django prepares none.
"""

from typing import Any

from django.db.backends.signals import connection_created

from common.request_ids import current_id


def name_requests() -> None:
    """From now on, in this process."""
    connection_created.connect(_name, dispatch_uid="common.sql_comments")


def _name(connection: Any, **_: Any) -> None:
    if _commented not in connection.execute_wrappers:  # it stays when a connection is opened again
        connection.execute_wrappers.insert(0, _commented)  # who watches it meanwhile takes the last one away


def _commented(execute: Any, sql: Any, parameters: Any, many: bool, context: Any) -> Any:
    number = current_id()
    if number and isinstance(sql, str):
        sql = f"/* {number} */ {sql}"
    return execute(sql, parameters, many, context)
