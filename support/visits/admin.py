"""The list of visits: which staff member looked into which account, when and why."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from support.staff_admin import StaffModelAdmin, link
from support.staff_site import staff_site
from support.visits.models import Visit


@admin.register(Visit, site=staff_site)
class VisitAdmin(StaffModelAdmin):
    list_display = ("started_at", "account_link", "by_name", "reason", "ends_at", "ended_at")
    search_fields = ("by_name", "reason")
    ordering = ("-pk",)
    fields = ("account_link", "by_name", "reason", "started_at", "ends_at", "ended_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Visit]:
        return super().get_queryset(request).select_related("account")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    @admin.display(description="account")
    def account_link(self, visit: Visit) -> SafeString:
        return link(reverse("admin:accounts_account_change", args=[visit.account_id]), visit.account)
