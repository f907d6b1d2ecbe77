"""How the database is to go about analytic statements, for one transaction."""

from django.db import connection

PAGE_COST = "1.1"  # of a page anywhere, beside 1 for the next: no disk turns any more
MEMORY = "64MB"  # per sort or hash: 5 million people fit; more goes to disk


def tune() -> None:
    """Set it for the transaction that is open. Compiling (jit) costs more than it brings at these sizes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select set_config('jit', 'off', true), set_config('random_page_cost', %s, true), "
            "set_config('work_mem', %s, true)",
            [PAGE_COST, MEMORY],
        )
