"""The pages of the staff's admin; each registers itself on `support.staff.site.staff_site`."""

from support.staff import messages

__all__ = ["messages"]
