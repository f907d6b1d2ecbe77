"""Incidents: staff write them here, and the status page shows them."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import HttpRequest

from accounts.door import signed_in_user
from support.staff_admin import MOMENTS, StaffModelAdmin
from support.staff_site import staff_site
from support.status.models import Incident, IncidentUpdate


class UpdateInline(admin.StackedInline):
    """A form for the next update. Earlier updates cannot be changed."""

    model = IncidentUpdate
    extra = 1
    fields = ("text", "at")
    formfield_overrides = MOMENTS

    def get_queryset(self, request: HttpRequest) -> QuerySet[IncidentUpdate]:
        return super().get_queryset(request).order_by("-at", "-pk")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff_site.has_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Incident, site=staff_site)
class IncidentAdmin(StaffModelAdmin):
    list_display = ("title", "impact", "console", "collection", "queries", "started_at", "ended_at")
    ordering = ("-started_at",)
    inlines = (UpdateInline,)
    fields = ("title", ("console", "collection", "queries"), "impact", "started_at", "ended_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff_site.has_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return staff_site.has_permission(request)

    def save_formset(self, request: HttpRequest, form: ModelForm, formset: BaseModelFormSet, change: bool) -> None:
        for update in formset.save(commit=False):
            update.by = update.by or signed_in_user(request)
            update.save()
        formset.save_m2m()
