"""Copying definitions, segments, reports, dashboards and notes on names, but no data, into a new environment.

One INSERT … SELECT per table, whatever the number of rows. Bodies need no rewriting: they refer by lineage, and the
copy keeps the lineages.
"""

from django.db import connection

from projects.models import Environment

KEPT = ("lineage", "name", "notes", "tags", "body", "created_at", "created_by_id", "changed_at", "changed_by_id")
# {name for people: (table, columns)}. Dashboards come first, definitions last: by then the rows to which the copied
# rows refer exist, even if they were made while the copy ran.
TABLES = {
    "dashboards": ("analytics_dashboard", (*KEPT, "position")),
    "reports": ("analytics_report", (*KEPT, "kind")),
    "segments": ("analytics_segment", KEPT),
    "definitions": ("analytics_definition", KEPT),
}
NOTED = "kind, name, description, is_hidden, verified_at, verified_by_id, changed_at, changed_by_id"
NOTES = f"""
    insert into analytics_namenote (environment_id, {NOTED})
    select %(target)s, {NOTED} from analytics_namenote where environment_id = %(source)s order by id
"""  # noqa: S608  fixed names


def copy(source: Environment, target: Environment) -> dict[str, int]:
    """Copy what `source` keeps into the empty `target`. Returns {name: count}. Call it in a transaction.

    The counts include segments and dashboards only if there are any, and never notes on names.
    """
    both = {"source": source.pk, "target": target.pk}
    counts = {}
    with connection.cursor() as cursor:
        for noun, (table, columns) in TABLES.items():
            names = ", ".join(columns)
            cursor.execute(
                f"insert into {table} (environment_id, version, {names}) "  # noqa: S608  # fixed names
                f"select %(target)s, 1, {names} from {table} where environment_id = %(source)s order by id",
                both,
            )
            counts[noun] = cursor.rowcount
        cursor.execute(NOTES, both)
    always = ("definitions", "reports")
    nouns = ("definitions", "segments", "reports", "dashboards")
    return {noun: counts[noun] for noun in nouns if counts[noun] or noun in always}
