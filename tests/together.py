"""Several changes at the same moment, as several people make them."""

import threading
import time

from django.db import connection

from tests.events.making import rows

# Who waits for a lock in this database: what the tests beside this one do in theirs is not counted. Not every lock
# names its database, but whoever waits has others; pg_stat_activity stays the same for a whole transaction.
WAITING = """
select distinct pid from pg_locks waiting join pg_locks held using (pid)
 where not waiting.granted and held.database = (select oid from pg_database where datname = current_database())
"""


def both_at_once(*changes):
    """Run the changes in threads of their own, each with its own connection; returns what each raised, or None."""
    start, results = threading.Barrier(len(changes)), [None] * len(changes)

    def run(number, change):
        try:
            start.wait(timeout=10)
            change()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=each) for each in enumerate(changes)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def wait_until_somebody_waits(query=rows):
    """For a lock. `query` runs a statement, in the tests' own database or another one, and returns its rows."""
    deadline = time.monotonic() + 60
    while not query(WAITING):
        assert time.monotonic() < deadline, "nobody waits for a lock"
        time.sleep(0.005)
