"""What a database or a role must not have of its own, because statements would mean something else with it."""

import psycopg

# Triggers hold backslashes; NULL is sent within arrays; workers that update the same people wait for each other, and go
# on; texts of any script are stored. What else a database may have of its own, `database.SESSION` overrules or is fine.
NEEDED = {
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    "default_transaction_isolation": "read committed",
    "server_encoding": "UTF8",
}
DIFFERENT = """
select name, setting from pg_settings
  join unnest(%s::text[], %s::text[]) as needed (name, value) using (name)
 where setting <> value order by name
"""


def unfit(database: psycopg.Connection) -> str:
    """A sentence about the first setting that does not fit, with what to do about it; '' if all do."""
    found = database.execute(DIFFERENT, [list(NEEDED), list(NEEDED.values())]).fetchone()
    if found is None:
        return ""
    name, value = found
    words = f"The database that DATABASE_URL names has {name} = {value}, and Heapadmin needs {NEEDED[name]}"
    if name == "server_encoding":
        return f"{words}: create database … encoding 'UTF8' template template0."
    return f"{words}: alter database … reset {name}, or alter role … reset {name}."
