"""No page waits without end for the database: time limits of its statements, and the page that says so.

Processes that serve pages call `limit_statements`; commands and jobs have no such limit.
"""

import sys
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from psycopg.pq import TransactionStatus

from common import sql_comments
from common.database import DISK_FULL, READ_ONLY, REPLICA, sqlstate
from common.request_ids import current_id

Execute = Callable[[Any, Any, bool, dict[str, Any]], Any]

STATEMENT_SECONDS = 15  # a question has its own limit (analytics/store)
LOCK_SECONDS = 2  # somebody changes the table meanwhile: the page says so soon, and a thread is free again
RETRY_SECONDS = 5
WHY_NOT_STORED = {DISK_FULL: "The disk of the server is full.", READ_ONLY: "The database can only be read just now."}
SET_LIMITS = f"set statement_timeout = '{STATEMENT_SECONDS}s'; set lock_timeout = '{LOCK_SECONDS}s'"
LIMITS = SET_LIMITS.count("set ")
SET_FOR_TRANSACTION = SET_LIMITS.replace("set ", "set local ") + "; "


def limit_statements() -> None:
    """From now on, limit the statements of every connection that Django opens in this process."""
    connection_created.connect(_limit, dispatch_uid="heapadmin.page_limits")
    sql_comments.name_requests()


def _limit(connection: Any, **_: Any) -> None:
    if settings.POOLED_DATABASE is None and connection.alias != REPLICA:  # to which a pooler may lead
        with connection.cursor() as cursor:
            cursor.execute(SET_LIMITS)
    # Behind a pooler, the session is somebody else's when the transaction is over, and so would be its limits.
    elif _limited not in connection.execute_wrappers:  # it may be opened again
        connection.execute_wrappers.insert(0, _limited)  # who watches it meanwhile takes the last one away


def _limited(execute: Execute, statement: Any, arguments: Any, many: bool, context: dict[str, Any]) -> Any:
    """Send the limits along with the first statement of a transaction, in one message: alone, it is a transaction."""
    connection = context["connection"]
    if connection.connection.info.transaction_status != TransactionStatus.IDLE:
        return execute(statement, arguments, many, context)
    if many or not isinstance(statement, str):
        with transaction.atomic(using=connection.alias):
            with connection.wrap_database_errors:
                context["cursor"].cursor.execute(SET_FOR_TRANSACTION)
            return execute(statement, arguments, many, context)
    done = execute(SET_FOR_TRANSACTION + statement, arguments, many, context)
    for _ in range(LIMITS):  # whoever reads the answer wants that of the statement
        context["cursor"].cursor.nextset()
    return done


def error_page(request: HttpRequest) -> HttpResponse:
    """Django's handler500: 503 where the database is away, cannot store or is too busy; 500 for everything else."""
    error = sys.exception()
    reason = WHY_NOT_STORED.get(sqlstate(error)) if isinstance(error, DatabaseError) else None
    if reason or isinstance(error, OperationalError | InterfaceError):
        page = render_to_string("503.html", {"reason": reason, "request_id": current_id()})
        return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    return HttpResponse(render_to_string("500.html", {"request_id": current_id()}), status=500)
