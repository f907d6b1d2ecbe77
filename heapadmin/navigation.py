"""The header's links inside an environment, and the tabs of Settings. Only this floor knows every page."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

ENVIRONMENT_NAV: list[tuple[str, str]] = [  # label, view name
    ("Live", "analytics:live"),
    ("Install", "projects:install"),
]
SETTINGS_TABS: list[tuple[str, str]] = [
    ("Teammates", "accounts:teammate_list"),
    ("Projects & environments", "projects:project_list"),
    ("Excluded IPs", "ipfilter:excluded_ips"),
    ("Activity", "accounts:activity_list"),
    ("Account", "accounts:account_settings"),
]
PART_OF = {  # a page without a tab of its own: the view whose tab is marked
    "ipfilter:environment_excluded_ips": "ipfilter:excluded_ips",
}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`nav_items` and `settings_tabs`: [{"label", "url", "current"}], empty where they do not apply."""
    environment = getattr(request, "environment", None)
    membership = getattr(request, "membership", None)
    return {
        "nav_items": _links(request, ENVIRONMENT_NAV, environment.app_id) if environment else [],
        "settings_tabs": _links(request, SETTINGS_TABS, membership.account_id) if membership else [],
    }


def _links(request: HttpRequest, pages: list[tuple[str, str]], argument: str | int) -> list[dict[str, Any]]:
    page = request.resolver_match.view_name if request.resolver_match else ""
    current = PART_OF.get(page, page)
    return [
        {"label": label, "url": reverse(name, args=[argument]), "current": name == current} for label, name in pages
    ]
