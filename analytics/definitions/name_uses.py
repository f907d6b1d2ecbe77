"""Which definitions, segments and reports name an event or a property directly."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

from analytics.definitions.catalogue_names import CatalogueName
from analytics.models import MODELS
from common.counted import counted
from projects.models import Environment

# What a body names: in definitions and segments under "event" and "field"; in reports it is any parameter that is not
# a value to compare with.
NAMED = """
    select 'definition' as noun, id, named #>> '{}' as name from analytics_definition,
           jsonb_path_query(body, 'strict $.**.event') named where environment_id = %(environment)s
    union select 'definition', id, named #>> '{}' from analytics_definition,
           jsonb_path_query(body, 'strict $.**.field') named where environment_id = %(environment)s
    union select 'segment', id, named #>> '{}' from analytics_segment,
           jsonb_path_query(body, 'strict $.**.event') named where environment_id = %(environment)s
    union select 'segment', id, named #>> '{}' from analytics_segment,
           jsonb_path_query(body, 'strict $.**.field') named where environment_id = %(environment)s
    union select 'report', id, pair ->> 1 from analytics_report,
           jsonb_path_query(body, '$.parameters[*]') pair
     where environment_id = %(environment)s and right(pair ->> 0, 5) <> 'value' and strpos(pair ->> 1, ':') > 0
"""
USES = f"select name, noun, count(*) from ({NAMED}) named group by 1, 2"  # noqa: S608  fixed text
USERS = f"select noun, id from ({NAMED}) named where name = %(name)s"  # noqa: S608  fixed text
ORDER = ("definition", "segment", "report")


@dataclass(frozen=True)
class NameUses:
    """How many of each noun name it."""

    counts: dict[str, int]

    def __int__(self) -> int:
        return sum(self.counts.values())

    def __bool__(self) -> bool:
        return bool(self.counts)

    def __str__(self) -> str:
        """ "2 definitions, 1 report"."""
        return ", ".join(counted(self.counts[noun], noun) for noun in ORDER if noun in self.counts)


def name_uses(environment: Environment) -> dict[str, NameUses]:
    """Uses by the text of the name ("event:Paid"), of all names in one statement."""
    found: dict[str, dict[str, int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(USES, {"environment": environment.pk})
        for name, noun, count in cursor.fetchall():
            found.setdefault(name, {})[noun] = count
    return {name: NameUses(counts) for name, counts in found.items()}


def users_of_name(environment: Environment, name: CatalogueName) -> list[tuple[str, list[Any]]]:
    """What names it, by noun and in the order of names; nouns without any are left out."""
    with connection.cursor() as cursor:
        cursor.execute(USERS, {"environment": environment.pk, "name": str(name)})
        found = cursor.fetchall()
    users = []
    for noun in ORDER:
        rows = MODELS[noun]._default_manager.filter(
            environment=environment, pk__in=[key for of, key in found if of == noun]
        )
        users.append((noun, list(rows.order_by("name", "pk"))))
    return [(noun, rows) for noun, rows in users if rows]
