"""The pages of the staff's admin; each registers itself on `support.staff_site.staff_site`."""

from support.closing import admin as closings
from support.staff import accounts, activity, people
from support.status import admin as incidents
from support.talk import admin as messages
from support.visits import admin as visits

__all__ = ["accounts", "activity", "closings", "incidents", "messages", "people", "visits"]
