"""A process that ends between two statements of its database."""

from django.db import connection


class Killed(BaseException):
    """The process ends between two statements."""


def killed_before(number):
    """Within, the statement of this number, and all that follow, are never sent."""
    count = 0

    def execute(run, sql, params, many, context):
        nonlocal count
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):  # what a dying connection does by itself
            count += 1
            if count == number:
                raise Killed
        return run(sql, params, many, context)

    return connection.execute_wrapper(execute)
