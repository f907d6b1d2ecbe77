"""How complete the catalogue of an environment is."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

STATE = """
select (select mark from catalogue_marks where environment_id = %(environment)s), coalesce(sum(events), 0)::bigint,
       coalesce(sum(property_values), 0)::bigint
  from catalogue_left_out where environment_id = %(environment)s
"""


@dataclass(frozen=True)
class CatalogueState:
    """Until when arrivals are counted (None: not yet), and how much had no room in the catalogue."""

    counted_until: datetime | None
    left_events: int
    left_values: int  # of properties

    @property
    def is_full(self) -> bool:
        return bool(self.left_events or self.left_values)


def catalogue_state(environment_id: int) -> CatalogueState:
    with connection.cursor() as cursor:
        cursor.execute(STATE, {"environment": environment_id})
        return CatalogueState(*cursor.fetchone())
