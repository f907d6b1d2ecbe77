"""A clock that a test sets, for Python and for a database of the test's own.

SQL's `now()` is the server's. A function of that name in a schema that sessions search before PostgreSQL's own takes
its place, in our statements as in our functions; what tables have as a default is told to use it too.
"""

import time
from datetime import UTC, datetime

import psycopg
from django.utils import timezone

FUNCTION = """
create schema clock;
create table clock.moment (at timestamptz not null);
insert into clock.moment values ('epoch');
create function clock.now() returns timestamptz language sql stable as 'select at from clock.moment';
"""
DEFAULTS = """
select format('alter table %s alter column %I set default clock.now()', adrelid::regclass, attname)
  from pg_attrdef join pg_attribute on attrelid = adrelid and attnum = adnum
  join pg_class on pg_class.oid = adrelid
 where relnamespace = 'public'::regnamespace and pg_get_expr(adbin, adrelid) = 'now()'
"""


class Clock:
    """Holds for connections that are opened after it was made. `set` is noticed by the next transaction."""

    def __init__(self, conninfo, monkeypatch):
        self.own = psycopg.connect(conninfo, autocommit=True)
        defaults = self.own.execute(DEFAULTS).fetchall()
        self.own.execute(FUNCTION)
        for (statement,) in defaults:
            self.own.execute(statement)
        self.own.execute(f'alter database "{self.own.info.dbname}" set search_path = public, clock, pg_catalog')
        monkeypatch.setattr(time, "time", lambda: self.moment.timestamp())
        monkeypatch.setattr(timezone, "now", lambda: self.moment)

    def set(self, moment):
        self.moment = moment.astimezone(UTC)
        self.own.execute("update clock.moment set at = %s", [self.moment])

    def at(self, day, hour, minute=0):
        self.set(datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC))

    def close(self):
        self.own.close()
