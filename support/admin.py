"""The pages of the staff's admin; each registers itself on `support.staff.site.staff_site`."""

from support.staff import accounts, activity, closings, incidents, messages, people, visits

__all__ = ["accounts", "activity", "closings", "incidents", "messages", "people", "visits"]
