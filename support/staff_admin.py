"""The base of all pages of the staff's admin. They are read-only unless a page allows a change."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import DateTimeField, Field, Model
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.door import signed_in_user
from support.staff_site import staff_site

# Django's own field for a moment is two, which no label names.
MOMENTS: "Mapping[type[Field[Any, Any]], Mapping[str, Any]]" = {
    DateTimeField: {
        "form_class": forms.DateTimeField,
        "widget": forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S"),
        "help_text": "UTC",
    }
}
LONGEST_NUMBER = 18  # digits that surely fit into a bigint


class StaffModelAdmin(admin.ModelAdmin):
    """A list, and a read-only page per row. There are no actions on many rows and no drop-downs of all accounts."""

    actions = None
    formfield_overrides = MOMENTS
    list_per_page = 50
    show_facets = admin.ShowFacets.NEVER
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return staff_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff_site.has_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list page, titled with the plural name of its rows."""
        title = {"title": str(self.opts.verbose_name_plural).capitalize()}
        return super().changelist_view(request, title | (extra_context or {}))

    def row_or_404(self, request: HttpRequest, object_id: str) -> Any:
        """The row that the URL names. The URL may hold any text."""
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return log(request, obj, ADDITION, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> LogEntry:
        return log(request, obj, CHANGE, message)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[LogEntry]:
        return [log(request, each, DELETION, "") for each in queryset]


def log(request: HttpRequest, row: Model, flag: int, message: Any) -> LogEntry:
    """Record a change of `row` in the staff's log. It names rows by kind and number, since names may be personal."""
    return LogEntry.objects.create(
        user=signed_in_user(request),
        content_type=ContentType.objects.get_for_model(row, for_concrete_model=False),
        object_id=str(row.pk),
        object_repr=f"{row._meta.verbose_name} {row.pk}",
        action_flag=flag,
        change_message=json.dumps(message) if isinstance(message, list) else str(message),
    )


def number_in(search_term: str) -> int | None:
    """The row number in a search text; None when the text is not a number."""
    term = search_term.strip()
    return int(term) if term.isdecimal() and len(term) <= LONGEST_NUMBER else None


def link(url: str, text: object) -> SafeString:
    """A link for a cell of a list."""
    return format_html('<a href="{}">{}</a>', url, text)
