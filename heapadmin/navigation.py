"""The header's links inside an environment, and the tabs of Settings. Only this floor knows all pages."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.door import entered
from accounts.models import Membership
from accounts.policy import Can, rights
from analytics.kinds.registry import KINDS
from projects.context import place
from projects.door import entered_environment
from projects.models import Environment

Entry = tuple[str, str | list[tuple[str, str]]]  # label, and a view name or entries below it
ENVIRONMENT_NAV: list[Entry] = [
    ("Dashboard", "analytics:dashboard"),
    ("Live", "analytics:live"),
    ("Definitions", "analytics:definition_list"),
    ("Catalogue", "analytics:catalogue"),
    ("Analyze", [(kind.label, f"analytics:{name}") for name, kind in KINDS.items()]),
    ("Reports", "analytics:report_list"),
    (
        "Environment",
        [
            ("Install", "projects:install"),
            ("Collection", "collector:collection"),
            ("Excluded IPs", "ipfilter:environment_excluded_ips"),
            ("Notes", "analytics:note_list"),
            ("Shared links", "analytics:shared_link_list"),
            ("Alerts", "analytics:alert_list"),
            ("Subscriptions", "analytics:subscription_list"),
            ("Compare environments", "analytics:compare"),
        ],
    ),
]
SETTINGS_TABS: list[Entry] = [
    ("Teammates", "accounts:teammate_list"),
    ("Projects & environments", "projects:project_list"),
    ("Excluded IPs", "ipfilter:excluded_ips"),
    ("Activity", "accounts:activity_list"),
    ("Account", "accounts:account_settings"),
    ("Single sign-on", "accounts:sso"),
    ("Support", "support:account_support"),
]
NEEDS_MANAGE = {"accounts:sso"}  # tabs that others do not see
GO_KEYS = {"analytics:dashboard": "d", "analytics:live": "l"}  # after `g`
FURTHER_PAGES: list[tuple[str, str]] = [  # of an environment, which the search finds beside the links of the header
    ("Dashboards", "analytics:dashboard_list"),
    ("Segments", "analytics:segment_list"),
    ("Label on your site", "analytics:label"),
    ("Captured on a page", "analytics:label_page"),
    ("Webhooks", "analytics:webhook_list"),
    ("Properties", "analytics:catalogue_properties"),
]
PAGES_OF_PROJECT = [
    ("Storage", "analytics:storage"),
    ("API keys", "projects:api_key_list"),
    ("API tokens", "projects:api_token_list"),
]
PART_OF = {  # for each page without its own tab, the view whose tab is marked as current
    **dict.fromkeys(
        [f"analytics:dashboard_{page}" for page in ("page", "list", "create", "edit", "delete")], "analytics:dashboard"
    ),
    **dict.fromkeys(
        [f"analytics:definition{part}" for part in ("", "_create", "_edit", "_delete", "_bulk")]
        + [f"analytics:segment{part}" for part in ("", "_list", "_create", "_edit", "_delete", "_bulk")],
        "analytics:definition_list",
    ),
    **dict.fromkeys(["analytics:label", "analytics:label_open", "analytics:label_page"], "analytics:definition_list"),
    **dict.fromkeys([f"analytics:catalogue_{page}" for page in ("properties", "name")], "analytics:catalogue"),
    **dict.fromkeys(["analytics:person", "analytics:person_delete", "analytics:person_download"], "analytics:users"),
    "analytics:behind": "analytics:graph",
    **dict.fromkeys([f"analytics:note_{part}" for part in ("add", "edit", "delete")], "analytics:note_list"),
    **dict.fromkeys([f"analytics:shared_link{part}" for part in ("", "_create", "_end")], "analytics:shared_link_list"),
    **dict.fromkeys(
        [f"analytics:alert{part}" for part in ("", "_create", "_edit", "_delete")]
        + [f"analytics:webhook{part}" for part in ("", "_list", "_create", "_secret", "_delete")],
        "analytics:alert_list",
    ),
    **dict.fromkeys([f"analytics:subscription_{part}" for part in ("add", "edit")], "analytics:subscription_list"),
    **dict.fromkeys([f"analytics:report{part}" for part in ("", "_edit", "_delete", "_bulk")], "analytics:report_list"),
    **dict.fromkeys(
        [f"projects:api_{of}_{part}" for of in ("key", "token") for part in ("list", "create", "revoke")],
        "projects:project_list",
    ),
    **dict.fromkeys(
        [f"accounts:{page}" for page in ("teammate", "teammate_remove", "leave", "invite", "invitation_link")]
        + ["projects:teammate_roles", "projects:invitation_roles"],
        "accounts:teammate_list",
    ),
    **dict.fromkeys(
        [f"projects:project_{what}" for what in ("create", "edit", "delete")]
        + [f"projects:environment_{what}" for what in ("add", "rename", "delete")]
        + ["analytics:storage"],
        "projects:project_list",
    ),
    "accounts:account_settings_save": "accounts:account_settings",
    **dict.fromkeys(
        [f"accounts:sso_provider{part}" for part in ("", "_add", "_delete")]
        + ["accounts:sso_domain_add", "accounts:sso_saml_add", "accounts:sso_certificate"]
        + ["accounts:scim", "accounts:scim_token_create", "accounts:scim_token_revoke"],
        "accounts:sso",
    ),
    "projects:environment_capture": "projects:install",
    **dict.fromkeys(
        [f"ipfilter:{page}" for page in ("environment_excluded_ips", "environment_excluded_ips_preview")]
        + ["ipfilter:excluded_ips_preview"],  # a whole page if there is no JavaScript
        "ipfilter:excluded_ips",
    ),
}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`nav_items` and `settings_tabs`: [{"label", "current", "url" and "key", or "children"}].

    Empty where they do not apply.
    `console_pages`: [(label, url)] of all pages that lead further, for the search; made when a template reads it.
    """
    environment = entered_environment(request)
    membership = entered(request)
    return {
        "nav_items": SimpleLazyObject(lambda: _nav(request)),
        "settings_tabs": _links(request, _tabs(membership), membership.account_id) if membership else [],
        "console_pages": lambda: _console_pages(request, environment, membership),
    }


def _tabs(membership: Membership) -> list[Entry]:
    may_manage = Can.MANAGE in rights(membership)  # the account, whatever their access to a project is
    return [entry for entry in SETTINGS_TABS if may_manage or entry[1] not in NEEDS_MANAGE]


def _nav(request: HttpRequest) -> list[dict[str, Any]]:
    environment = place(request)
    return _links(request, ENVIRONMENT_NAV, environment.app_id) if environment else []


def _console_pages(
    request: HttpRequest, environment: Environment | None, membership: Membership | None
) -> list[tuple[str, str]]:
    if environment is None or membership is None:
        return []
    flat = [
        each for label, below in ENVIRONMENT_NAV for each in ([(label, below)] if isinstance(below, str) else below)
    ]
    taken = [label for label, _ in flat]
    tabs = [
        (f"{label} of the account" if label in taken else label, view)
        for label, view in _tabs(membership)
        if isinstance(view, str)
    ]
    pages = [
        *((label, reverse(view, args=[environment.app_id])) for label, view in [*flat, *FURTHER_PAGES]),
        *((label, reverse(view, args=[environment.project_id])) for label, view in PAGES_OF_PROJECT),
        *((label, reverse(view, args=[membership.account_id])) for label, view in tabs),
    ]
    return [*pages, ("Profile & security", reverse("accounts:profile"))]


def _links(request: HttpRequest, pages: list[Entry], argument: str | int) -> list[dict[str, Any]]:
    page = request.resolver_match.view_name if request.resolver_match else ""
    current = {page, PART_OF.get(page, page)}
    return [_link(label, below, argument, current) for label, below in pages]


def _link(label: str, target: str | list[tuple[str, str]], argument: str | int, current: set[str]) -> dict[str, Any]:
    """`current`: the view of this page, and the one whose entry it belongs to."""
    if isinstance(target, str):
        url = reverse(target, args=[argument])
        return {"label": label, "url": url, "current": target in current, "key": GO_KEYS.get(target, "")}
    children = [_link(name, view, argument, current) for name, view in target]
    return {"label": label, "children": children, "current": any(child["current"] for child in children)}
