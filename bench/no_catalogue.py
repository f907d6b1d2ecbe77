"""The collector without the catalogue, to see what that costs."""

from bench.hello import application
from events.catalogue.announcements import Announcements

Announcements.note = lambda self, records: None  # type: ignore[method-assign]

__all__ = ["application"]
