"""Ending a visit, by the banner at the top of every page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from support.visits import actions


@require_POST
def visit_end(request: HttpRequest) -> HttpResponse:
    """End the session's visit, and go back to the account's page in the staff's admin."""
    visit = actions.end(request=request)
    if visit is None:
        return redirect("projects:home")
    messages.success(request, "The visit has ended.")
    return redirect("admin:accounts_account_change", visit.account_id)
