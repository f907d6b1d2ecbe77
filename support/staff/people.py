"""The people who can log in, found by name or address, read-only."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts.models import User
from accounts.second_factor import has_second_factor
from support.staff_admin import StaffModelAdmin
from support.staff_site import staff_site


@admin.register(User, site=staff_site)
class PersonAdmin(StaffModelAdmin):
    list_display = ("email", "name", "is_active", "is_staff", "last_seen_at")
    list_filter = ("is_staff", "is_active")
    search_fields = ("email", "name")
    ordering = ("-pk",)
    fields = (
        "email",
        "name",
        "is_active",
        "is_staff",
        "second_factor",
        "joined_at",
        "last_login",
        "last_seen_at",
        "belongs_to",
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    @admin.display(description="second factor", boolean=True)
    def second_factor(self, user: User) -> bool:
        return has_second_factor(user.pk)

    @admin.display(description="accounts")
    def belongs_to(self, user: User) -> SafeString:
        memberships = user.memberships.select_related("account").order_by("account__name")
        rows = (
            (
                reverse("admin:accounts_account_change", args=[each.account_id]),
                each.account.name,
                f", {each.access.label}",
            )
            for each in memberships
        )
        return format_html_join("\n", '<div><a href="{}">{}</a>{}</div>', rows) or SafeString("–")
