"""Closings: their progress, and the receipts."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import Account
from support.closing.models import Closing, ClosingState
from support.staff_admin import StaffModelAdmin, number_in
from support.staff_site import staff_site


@admin.register(Closing, site=staff_site)
class ClosingAdmin(StaffModelAdmin):
    list_display = ("account_number", "account_name", "state", "closed_at", "grace_until", "done_at", "rows_removed")
    list_filter = ("state",)
    search_fields = ("account_name",)
    search_help_text = "An account's number, or its name while it is there"
    ordering = ("-pk",)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        if (number := number_in(search_term)) is not None:
            return queryset.filter(account_number=number), False
        return super().get_search_results(request, queryset, search_term)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The progress of the closing, or its receipt."""
        closing = self.row_or_404(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Closing of account {closing.account_number}",
            "opts": self.opts,
            "closing": closing,
            "account": Account.objects.filter(pk=closing.account_number).first(),
            "is_purging": closing.state == ClosingState.PURGING,
            "may_reopen": closing.may_be_reopened,
            "rows": sorted(closing.rows.items()),
        }
        return TemplateResponse(request, "admin/support/closing.html", context)
