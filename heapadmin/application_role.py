"""The role as which Heapadmin uses its private PostgreSQL: it owns the database, and is no superuser.

So a mistake in a statement of ours cannot read or write the machine's files, run programs, or change the server.
"""

import psycopg
from psycopg import sql

from heapadmin.deployment import DATABASE_NAME, DATABASE_USER

# What must be so, and the statement that makes it so. A start writes nothing that is there: the disk may be full.
PREPARED = (
    ("select from pg_roles where rolname = {name}", "create role {role} login"),
    # events/lane.py finds deadlocks sooner with it
    (
        "select where has_parameter_privilege({name}, 'deadlock_timeout', 'set')",
        "grant set on parameter deadlock_timeout to {role}",
    ),
    # what is counted beforehand must know of every transaction that still runs (analytics/rollups/refresh.py)
    ("select where pg_has_role({name}, 'pg_read_all_stats', 'usage')", "grant pg_read_all_stats to {role}"),
    ("select from pg_database where datname = {database_name}", "create database {database} owner {role}"),
    (
        "select from pg_database where datname = {database_name} and datdba = {name}::regrole",
        "alter database {database} owner to {role}",
    ),
)

# Statements that give `role` what the current user owns in this database, outside of PostgreSQL's own schemas.
# REASSIGN OWNED refuses this for the user who made the server.
OWNED = """
with mine as (select oid from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'),
     me as (select current_user::regrole as oid)
select format('alter schema %%I owner to %%I', nspname, %(role)s::text)
  from pg_namespace where nspowner = (select oid from me) and oid in (select oid from mine)
union all
select format('alter table %%s owner to %%I', oid::regclass, %(role)s::text)  -- views and sequences too
  from pg_class
 where relowner = (select oid from me) and relnamespace in (select oid from mine)
   and (relkind in ('r', 'p', 'v', 'm') or relkind = 'S' and not exists (
        select from pg_depend where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype in ('a', 'i')))
union all
select format('alter type %%s owner to %%I', t.oid::regtype, %(role)s::text)
  from pg_type t left join pg_class c on c.oid = t.typrelid
 where typowner = (select oid from me) and typnamespace in (select oid from mine)
   and (typtype in ('d', 'e', 'r') or typtype = 'c' and c.relkind = 'c')
union all
select format('alter routine %%s owner to %%I', oid::regprocedure, %(role)s::text)
  from pg_proc where proowner = (select oid from me) and pronamespace in (select oid from mine)
union all
select format('alter statistics %%s.%%I owner to %%I', stxnamespace::regnamespace::text, stxname, %(role)s::text)
  from pg_statistic_ext where stxowner = (select oid from me)
"""


def prepare(server: psycopg.Connection) -> None:
    """Create the role and its database where they are missing. `server` is a superuser's connection."""
    names = {"role": sql.Identifier(DATABASE_USER), "name": sql.Literal(DATABASE_USER)}
    names |= {"database": sql.Identifier(DATABASE_NAME), "database_name": sql.Literal(DATABASE_NAME)}
    for is_so, statement in PREPARED:
        if server.execute(sql.SQL(is_so).format(**names)).fetchone() is None:
            server.execute(sql.SQL(statement).format(**names))


def hand_over(database: psycopg.Connection) -> None:
    """Make the role the owner of everything in its database: before there was a role, the superuser owned all of it."""
    with database.transaction():
        database.execute("set local search_path to pg_catalog")  # so that names come with their schema
        for (statement,) in database.execute(OWNED, {"role": DATABASE_USER}).fetchall():
            database.execute(statement)
