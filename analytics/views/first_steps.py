"""The first steps after the first event: a small list on the dashboard, ticked by what exists.

It is there for people with full access, until all is done or they put it away. What nothing else tells is noted in the
membership: that this person has asked a question, and that they have put the list away.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.door import entered, rights_here
from accounts.models import Invitation, Membership
from accounts.policy import Can
from analytics.models import Definition, Report
from common.database import stored_if_possible
from projects.door import environment_view
from projects.models import Environment


@dataclass(frozen=True)
class FirstStep:
    title: str
    words: str
    url: str
    is_done: bool


def first_steps(request: HttpRequest, environment: Environment) -> list[FirstStep]:
    """All steps, or nothing if none is left to do, or the person has put them away or may not take them. One query."""
    membership, can = entered(request), rights_here(request)
    if membership is None or Can.EDIT not in can or membership.first_steps_hidden_at is not None:
        return []
    is_defined, is_saved, is_invited = _found(environment, membership)
    app_id = environment.app_id
    steps = [
        FirstStep(
            "Define an event",
            "Give a page, a click or whatever was collected a name. It counts from the first event on.",
            reverse("analytics:definition_create", args=[app_id]),
            is_defined,
        ),
        FirstStep(
            "Ask a question",
            "How often, by how many people, and which? The answer is a chart with its numbers.",
            reverse("analytics:graph", args=[app_id]),
            membership.first_asked_at is not None,
        ),
        FirstStep(
            "Save a report",
            "Keep a question under a name, and put it on a dashboard.",
            reverse("analytics:report_list", args=[app_id]),
            is_saved,
        ),
    ]
    if Can.INVITE in can:
        teammates = reverse("accounts:teammate_list", args=[membership.account_id])
        steps.append(FirstStep("Invite teammates", "With full access, or to look only.", teammates, is_invited))
    return [] if all(step.is_done for step in steps) else steps


def _found(environment: Environment, membership: Membership) -> tuple[bool, bool, bool]:
    """Whether there is a definition, a report, and whether anybody else is or was invited into the account."""
    account = {"account_id": membership.account_id}
    asked = Environment.objects.filter(pk=environment.pk).values_list(
        Exists(Definition.objects.filter(environment=OuterRef("pk"))),
        Exists(Report.objects.filter(environment=OuterRef("pk"))),
        Exists(Invitation.objects.filter(**account)),
        Exists(Membership.objects.filter(**account).exclude(pk=membership.pk)),
    )
    is_defined, is_saved, is_invited, has_others = asked.get()
    return is_defined, is_saved, is_invited or has_others


def note_asked(request: HttpRequest) -> None:
    """Note that this person has had a question answered; nothing after the first time."""
    membership = entered(request)
    if membership is None or membership.pk is None or membership.first_asked_at is not None:
        return  # a visit of support has no membership of its own
    with stored_if_possible("who has asked a question"):
        Membership.objects.filter(pk=membership.pk, first_asked_at=None).update(first_asked_at=timezone.now())


@require_POST
@environment_view(Can.EDIT)
def first_steps_hide(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Put the list away for this person, on all dashboards of the account."""
    membership = entered(request)
    assert membership is not None
    Membership.objects.filter(pk=membership.pk).update(first_steps_hidden_at=timezone.now())
    messages.success(request, "The first steps are put away, on all your dashboards.")
    return redirect("analytics:dashboard", environment.app_id)
