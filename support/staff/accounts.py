"""The staff's pages of accounts: find an account, see its state, close it, visit it, export it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import activity
from accounts.door import signed_in_user
from accounts.models import Account, Activity, Membership
from common import mails
from common.counted import counted
from common.row_names import rows_of
from projects.models import Environment, Project
from support.closing import actions as closing_actions
from support.closing import row_counts
from support.closing.models import Closing
from support.exports import actions as export_actions
from support.staff.facts import facts_of, state_of
from support.staff.forms import CloseForm, VisitForm
from support.staff_admin import StaffModelAdmin, log, number_in
from support.staff_site import staff_site
from support.talk.models import Message
from support.visits import actions as visit_actions

EXPORT_LINK = {  # by whether mail is set up
    True: "its link goes to the full-access teammates by mail.",
    False: "mail is not set up on this server, so the full-access teammates find its link under Settings › Support.",
}
LOOKED = "support.look"
LOOK_INTERVAL = timedelta(hours=1)  # repeated looks of one person at an account's page are recorded once in this time


@admin.register(Account, site=staff_site)
class AccountAdmin(StaffModelAdmin):
    list_display = ("name", "id", "state", "members_count", "projects_count", "last_activity", "created_at")
    search_fields = ("name", "memberships__user__email", "memberships__user__name", "projects__environments__app_id")
    search_help_text = "Name, a member's name or address, an app_id, or an account's number"
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Account]:
        newest = Activity.objects.filter(account=OuterRef("pk")).order_by("-at", "-pk")
        closing = Closing.objects.under_way().filter(account_number=OuterRef("pk"))
        found: QuerySet[Account] = (
            super()
            .get_queryset(request)
            .annotate(
                members_total=_count_of(Membership.objects.filter(account=OuterRef("pk")).order_by(), "account"),
                project_count=_count_of(Project.objects.filter(account=OuterRef("pk")).order_by(), "account"),
                last_activity_at=Subquery(newest.values("at")[:1]),
                closing_state=Subquery(closing.values("state")[:1]),
                closing_grace_days=Subquery(closing.values("grace_days")[:1]),
                closing_grace_until=Subquery(closing.values("grace_until")[:1]),
            )
        )
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Account], search_term: str
    ) -> tuple[QuerySet[Account], bool]:
        """A number finds accounts only by app_id or by their own number."""
        number = number_in(search_term)
        if number is not None:
            owner = Environment.objects.filter(app_id=str(number)).values("project__account")
            return queryset.filter(Q(pk=number) | Q(pk__in=owner)), False
        return super().get_search_results(request, queryset, search_term)

    def get_urls(self) -> list[URLPattern]:
        def page(name: str, view: Callable[..., HttpResponse]) -> URLPattern:
            return path(f"<int:pk>/{name}/", self.admin_site.admin_view(view), name=f"accounts_account_{name}")

        own = [
            page("close", self.close),
            page("reopen", require_POST(self.reopen)),
            page("visit", self.visit),
            page("export", require_POST(self.export)),
        ]
        return own + super().get_urls()

    @admin.display(description="state")
    def state(self, account: Any) -> str:
        found = Closing(
            state=account.closing_state,
            grace_until=account.closing_grace_until,
            grace_days=account.closing_grace_days or 0,
        )
        return state_of(account, found if account.closing_state else None)

    @admin.display(description="members", ordering="members_total")
    def members_count(self, account: Any) -> int:
        return int(account.members_total)

    @admin.display(description="projects", ordering="project_count")
    def projects_count(self, account: Any) -> int:
        return int(account.project_count)

    @admin.display(description="last activity", ordering="last_activity_at")
    def last_activity(self, account: Any) -> Any:
        return account.last_activity_at

    # --- One account ----------------------------------------------------------------------------------------------
    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The state of the account. The account's activity records that staff looked at it."""
        account = self.row_or_404(request, object_id)
        _record_look(request, account)
        return self._page(request, "account", account, facts=facts_of(account))

    def _page(self, request: HttpRequest, name: str, account: Account, **context: Any) -> HttpResponse:
        form = context.get("form")
        context |= {
            **self.admin_site.each_context(request),
            "title": account.name,
            "opts": self.opts,
            "account": account,
        }
        status = 422 if form is not None and form.errors else 200
        return TemplateResponse(request, f"admin/accounts/{name}.html", context, status=status)

    def close(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what will be removed, ask for the account's name, and close it."""
        account = get_object_or_404(Account.objects.open(), pk=pk)
        message = _message(request, account)
        asked_by = f"{message.email}, by message {message.pk}" if message else ""
        posted = request.POST if request.method == "POST" else None
        form = CloseForm(posted, account=account, initial={"asked_by": asked_by})
        if not form.is_valid():
            return self._page(
                request,
                "close",
                account,
                form=form,
                counts=[(rows_of(table, rows), table, rows) for table, rows in row_counts.count_rows(pk).items()],
                span=row_counts.event_span(pk),
                members=account.memberships.select_related("user").order_by("user__email"),
            )
        try:
            days, asked_by = form.cleaned_data["grace_days"], form.cleaned_data["asked_by"]
            by = signed_in_user(request)
            closing = closing_actions.close(account=account, grace_days=days, asked_by=asked_by, by=by)
        except closing_actions.AlreadyClosed:
            messages.warning(request, "Somebody else closed it a moment ago.")
            return redirect("admin:accounts_account_change", pk)
        log(request, account, CHANGE, f"Closed, grace {counted(days, 'day')}")
        messages.success(request, f"Closed. Nobody gets in any more. {_what_next(closing)}")
        return redirect("admin:support_closing_change", closing.pk)

    def reopen(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Reopen a closed account."""
        closing = get_object_or_404(Closing.objects.under_way(), account_number=pk)
        try:
            closing_actions.reopen(closing=closing, by=signed_in_user(request))
        except closing_actions.NotReopenable:
            messages.error(request, "Its rows are being removed already: there is no way back.")
            return redirect("admin:support_closing_change", closing.pk)
        log(request, closing, CHANGE, "Reopened")
        messages.success(request, "Reopened, with everything as it was.")
        return redirect("admin:accounts_account_change", pk)

    def visit(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask for a reason, and start a visit: half an hour in the account's own pages."""
        account = get_object_or_404(Account.objects.open(), pk=pk)
        message = _message(request, account)
        reason = f"Message {message.pk} of {message.email}" if message else ""
        form = VisitForm(request.POST if request.method == "POST" else None, initial={"reason": reason})
        if not form.is_valid():
            return self._page(request, "visit", account, form=form, allowed=visit_actions.allowed(account))
        try:
            visit_actions.start(request=request, account=account, reason=form.cleaned_data["reason"])
        except visit_actions.VisitsForbidden:
            messages.error(request, "This account does not let support look into it.")
            return redirect("admin:accounts_account_change", pk)
        log(request, account, CHANGE, "Visited")
        return redirect("projects:project_list", pk)

    def export(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Start an export of the account. Its link is mailed to the full-access teammates."""
        account = get_object_or_404(Account.objects.open(), pk=pk)
        try:
            export_actions.ask(account=account, by=signed_in_user(request), mail_to=None)
        except export_actions.OneIsUnderWay:
            messages.warning(request, "An export of this account is being made already.")
        else:
            log(request, account, CHANGE, "Export asked for")
            messages.success(request, f"The export is being made; {EXPORT_LINK[mails.is_set_up()]}")
        return redirect("admin:accounts_account_change", pk)


def _message(request: HttpRequest, account: Account) -> Message | None:
    """The account's message from which staff came to the page, if it is one."""
    number = number_in(request.GET.get("message", ""))
    return None if number is None else Message.objects.filter(account=account, pk=number).first()


def _count_of(rows: QuerySet[Any], by: str) -> Coalesce:
    """A column with the number of `rows`, which are filtered by OuterRef."""
    counted = rows.values(by).annotate(total=Count("pk")).values("total")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _what_next(closing: Closing) -> str:
    if closing.grace_days == 0:
        return "Everything of it is being removed."
    return f"It can be reopened until {closing.grace_until:%Y-%m-%d %H:%M} UTC."


def _record_look(request: HttpRequest, account: Account) -> None:
    by = signed_in_user(request)
    recent = Activity.objects.filter(account=account, by=by, verb=LOOKED, at__gt=timezone.now() - LOOK_INTERVAL)
    if not recent.exists():
        activity.record(account=account, by=by, verb=LOOKED, target="the account's page for staff")
