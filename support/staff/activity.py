"""The activity of all accounts, read-only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from accounts import activity_words
from accounts.models import Activity
from support.staff_admin import StaffModelAdmin, link, number_in
from support.staff_site import staff_site


@admin.register(Activity, site=staff_site)
class ActivityAdmin(StaffModelAdmin):
    list_display = ("at", "account_link", "by_email", "as_staff", "what", "on_what")
    list_filter = ("as_staff",)
    search_fields = ("by_email", "verb", "target")
    search_help_text = "An account's number, a person's address, or what was done"
    ordering = ("-pk",)
    fields = ("at", "account_link", "by_email", "by_name", "as_staff", "verb", "target", "details", "address")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        return super().get_queryset(request).select_related("account")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Activity], search_term: str
    ) -> tuple[QuerySet[Activity], bool]:
        if (number := number_in(search_term)) is not None:
            return queryset.filter(account_id=number), False
        return super().get_search_results(request, queryset, search_term)

    @admin.display(description="what", ordering="verb")
    def what(self, row: Activity) -> str:
        return activity_words.words(row.verb)

    @admin.display(description="to what")
    def on_what(self, row: Activity) -> str:
        return activity_words.target(row)

    @admin.display(description="account")
    def account_link(self, row: Activity) -> SafeString:
        return link(reverse("admin:accounts_account_change", args=[row.account_id]), row.account)
