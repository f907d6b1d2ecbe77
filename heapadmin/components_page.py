"""A page for staff that shows every component in every state. All content is made up; no account's data appears."""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib.messages import constants as levels
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import Account, Membership
from collector.counts.overview import HourlyBars
from projects.models import PRODUCTION, Environment, Project

SERIES = ["Signed up", "Viewed pricing", "Started trial", "Paid", "Invited", "Exported", "Searched", "Left", "other"]


CURL = """curl -X POST https://example.com/api/track \\
  -H 'Content-Type: application/json' \\
  -d '{"app_id": "1234567890", "event": "Signed up", "identity": "ada@example.com"}'"""


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label="Name", help_text="What the teammates will see.", max_length=20)
    email = forms.EmailField(label="E-mail", required=False)
    source = forms.ChoiceField(label="Copy from", choices=[("1", "Production"), ("2", "Staging")])
    rules = forms.CharField(label="Excluded IPs", widget=forms.Textarea(attrs={"rows": 4, "class": "mono"}))
    read_only = forms.BooleanField(label="Read-only", help_text="Looks, and changes nothing.", required=False)
    interval = forms.ChoiceField(
        label="By", choices=[("day", "Day"), ("week", "Week")], widget=forms.RadioSelect, initial="day"
    )
    closed = forms.CharField(label="app_id", disabled=True, required=False, initial="1234567890")

    def clean_name(self) -> str:
        raise forms.ValidationError("There is a project named “Shop” already.")

    def clean(self) -> None:
        self.add_error(None, "Line 3 is no address: 300.1.2.3 has a number above 255.")


@require_safe
def components_page(request: HttpRequest) -> HttpResponse:
    """Show the components. `?bar=` (staging, none, anything else) chooses the top bar; `?reader` a read-only person."""
    bar = request.GET.get("bar", "production")
    return render(request, "components_page.html", _bar(bar, request) | _samples())


def _bar(kind: str, request: HttpRequest) -> dict[str, Any]:
    """The context that context processors would provide inside an environment of an account."""
    if kind == "none":
        return {}
    account = Account(pk=1, name="Analytical Engines")
    projects = [Project(pk=number, account=account, name=name) for number, name in enumerate(("Shop", "Support site"))]
    environments = [
        Environment(project=project, name=name, is_production=name == PRODUCTION)
        for project in projects
        for name in (PRODUCTION, "Staging", "A branch with quite a long name")
    ]
    current = environments[1 if kind == "staging" else 0]
    return {
        "account": account,
        "membership": Membership(account=account, read_only="reader" in request.GET),
        "reads_only": "reader" in request.GET,
        "accounts": [
            {"account": account, "url": "#", "is_current": True},
            {"account": Account(name="Difference Co"), "url": "#"},
        ],
        "environment": current,
        "place": current,
        "switcher_projects": [
            {
                "project": project,
                "environments": [
                    {"environment": each, "url": "#", "is_current": each is current}
                    for each in environments
                    if each.project is project
                ],
            }
            for project in projects
        ],
        "nav_items": _nav(),
        "settings_tabs": [
            {"label": label, "url": "#", "current": label == "Teammates"}
            for label in ("Teammates", "Excluded IPs", "Activity")
        ],
    }


def _nav() -> list[dict[str, Any]]:
    analyze = [{"label": label, "url": "#"} for label in ("Graph", "Funnel", "Retention", "Users")]
    labels = ("Dashboard", "Live", "Definitions", "Analyze", "Reports", "Install")
    return [
        {"label": label, "url": "#", "current": label == "Live", "children": analyze if label == "Analyze" else []}
        for label in labels
    ]


def _samples() -> dict[str, Any]:
    failed = SampleForm(
        {
            "failed-name": "Shop",
            "failed-interval": "day",
            "failed-rules": "10.1.*\n\n300.1.2.3",
            "failed-source": "1",
            "failed-email": "ada@",
        },
        prefix="failed",
    )
    failed.is_valid()
    return {
        "notices": [
            ("info", "Events that arrived before the rule stay."),
            ("success", "14 definitions and 6 reports copied, 0 events."),
            ("warning", "This rule keeps out your own address."),
            ("error", "Nothing was saved."),
        ],
        "sample_messages": [
            Message(levels.SUCCESS, "Staging is created: 14 definitions and 6 reports copied, 0 events.")
        ],
        "empty_form": SampleForm(),
        "failed_form": failed,
        "now": timezone.now() - timedelta(minutes=3),
        "tabs": [
            {"label": "Events", "url": "#", "current": True, "count": 14},
            {"label": "Segments", "url": "#", "count": 3},
            {"label": "Archived", "url": "#"},
        ],
        "bars": HourlyBars([number % 7 for number in range(24)]),
        "goes": ["3 environments", "1,204,311 events", "14 definitions and 6 reports"],
        "grantors": ["Ada Lovelace", "Grace Hopper"],
        "code": CURL,
        "series": list(_series()),
        "ticks": [(100 - step * 25, f"{step * 250:,}") for step in range(5)],
        "heats": [(100, 10), (62, 6), (41, 4), (33, 3), (12, 1), (0, 0)],
        "rows": [("Germany", 48_210, 0.42), ("France", 21_007, 0.18), ("Brazil", 9_114, 0.08), ("Japan", 204, 0.002)],
    }


def _series() -> Iterator[tuple[str, str, str]]:
    """(class, name, points of the line in percent) for eight made-up series and "other"."""
    for number, name in enumerate(SERIES, start=1):
        heights = (
            92 - 8.5 * number + 4.5 * math.sin(day / 2.3 + number) + 5 * math.sin(day * number) for day in range(31)
        )
        points = " ".join(f"{day / 0.3:.1f},{height:.1f}" for day, height in enumerate(heights))
        yield ("series-other" if name == "other" else f"series-{number}", name, points)
