"""What each role gets at every URL: a row for each page in TABLE, PERSONAL or PUBLIC, and in WRITES for each POST.

tests/test_access_by_role.py asks all of it, and fails for a page that has no row.
"""

from django.conf import settings
from django.urls import reverse

from analytics.event_words import person_name
from tests.world import PARAMS, Write, alert_on_views, carried_over, other_environment

ROLES = ("anonymous", "stranger", "staff", "read_only", "full")
LOGIN = "login"  # a redirect to the sign-in page
NO_GET = ("get", LOGIN, 405, 405, 405, 405)  # takes nothing but a POST

TABLE = {  # URL name: method, then what each of ROLES gets: a status, or LOGIN
    "accounts:access_ask": NO_GET,
    "accounts:account_settings": ("get", LOGIN, 404, 404, 200, 200),
    "accounts:account_settings_save": NO_GET,
    "accounts:activity_csv": ("get", LOGIN, 404, 404, 200, 200),
    "accounts:activity_list": ("get", LOGIN, 404, 404, 200, 200),
    "accounts:invitation_link": NO_GET,
    "accounts:invitation_resend": NO_GET,
    "accounts:invitation_revoke": NO_GET,
    "accounts:invite": NO_GET,
    "accounts:leave": ("get", LOGIN, 404, 404, 200, 200),
    "accounts:open": ("get", LOGIN, 404, 404, 302, 302),
    "accounts:scim": ("get", LOGIN, 404, 404, 403, 200),
    "accounts:scim_token_create": ("get", LOGIN, 404, 404, 403, 200),
    "accounts:scim_token_revoke": ("get", LOGIN, 404, 404, 403, 200),
    "accounts:sso": ("get", LOGIN, 404, 404, 403, 200),
    "accounts:sso_domain": NO_GET,
    "accounts:sso_domain_add": NO_GET,
    "accounts:sso_provider": ("get", LOGIN, 404, 404, 403, 200),
    "accounts:sso_provider_add": ("get", LOGIN, 404, 404, 403, 200),
    "accounts:sso_provider_delete": ("get", LOGIN, 404, 404, 403, 200),
    "accounts:sso_provider_switch": NO_GET,
    "accounts:sso_provider_test": NO_GET,
    "accounts:sso_require": NO_GET,
    "accounts:sso_certificate": NO_GET,
    "accounts:sso_saml_add": ("get", LOGIN, 404, 404, 403, 200),
    "accounts:sso_way_back": NO_GET,
    "accounts:teammate": ("get", LOGIN, 404, 404, 200, 200),
    "accounts:teammate_access": NO_GET,
    "accounts:teammate_list": ("get", LOGIN, 404, 404, 200, 200),
    "accounts:teammate_remove": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:alert": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:alert_create": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:alert_delete": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:alert_edit": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:alert_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:alert_subscribe": NO_GET,
    "analytics:alert_switch": NO_GET,
    "analytics:catalogue": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:catalogue_chart": ("get", LOGIN, 404, 404, 404, 404),  # of no name
    "analytics:catalogue_name": ("get", LOGIN, 404, 404, 302, 302),  # without one, to the list
    "analytics:catalogue_note": NO_GET,
    "analytics:catalogue_properties": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:behind": ("get", LOGIN, 404, 404, 422, 422),  # without a number; tests/analytics/test_behind.py
    "analytics:behind_export": ("get", LOGIN, 404, 404, 400, 400),
    "analytics:behind_segment": NO_GET,
    "analytics:compare": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:compare_carry": NO_GET,
    "analytics:compare_undo": NO_GET,
    "analytics:dashboard": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:dashboard_create": NO_GET,
    "analytics:dashboard_delete": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:dashboard_edit": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:dashboard_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:dashboard_order": NO_GET,
    "analytics:first_steps_hide": NO_GET,
    "analytics:dashboard_page": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:dashboard_range": NO_GET,
    "analytics:definition": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:definition_bulk": NO_GET,
    "analytics:definition_create": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:definition_delete": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:definition_edit": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:definition_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:definition_preview": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:export": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:funnel": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:graph": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:label": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:label_open": NO_GET,
    "analytics:label_page": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:site_confirm": NO_GET,
    "analytics:site_remove": NO_GET,
    "analytics:live": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:live_rows": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:note_add": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:note_delete": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:note_edit": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:note_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:person": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:person_download": NO_GET,
    "analytics:person_delete": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:query_cancel": NO_GET,
    "analytics:report": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:report_bulk": NO_GET,
    "analytics:report_create": ("get", LOGIN, 404, 404, 403, 302),
    "analytics:report_delete": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:report_edit": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:report_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:report_pin": NO_GET,
    "analytics:report_save": NO_GET,
    "analytics:paths": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:retention": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:search": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:stickiness": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:lifecycle": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:segment": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:segment_bulk": NO_GET,
    "analytics:segment_create": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:segment_delete": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:segment_edit": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:segment_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:segment_preview": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:shared_link": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:shared_link_create": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:shared_link_end": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:shared_link_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:storage": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:subscription_add": ("get", LOGIN, 404, 404, 404, 404),  # to nothing
    "analytics:subscription_edit": ("get", LOGIN, 404, 404, 403, 200),  # another's
    "analytics:subscription_end": NO_GET,
    "analytics:subscription_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:suggested_names": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:suggested_values": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:tile": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:tile_add": NO_GET,
    "analytics:tile_change": NO_GET,
    "analytics:tile_order": NO_GET,
    "analytics:tile_remove": NO_GET,
    "analytics:sessions": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:users": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:webhook": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:webhook_create": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:webhook_delete": ("get", LOGIN, 404, 404, 403, 200),
    "analytics:webhook_list": ("get", LOGIN, 404, 404, 200, 200),
    "analytics:webhook_secret": NO_GET,
    "analytics:webhook_test": NO_GET,
    "collector:collection": ("get", LOGIN, 404, 404, 200, 200),
    "collector:collection_numbers": ("get", LOGIN, 404, 404, 200, 200),
    "ipfilter:environment_excluded_ips": ("get", LOGIN, 404, 404, 200, 200),
    "ipfilter:environment_excluded_ips_preview": NO_GET,
    "ipfilter:excluded_ips": ("get", LOGIN, 404, 404, 200, 200),
    "ipfilter:excluded_ips_preview": NO_GET,
    "projects:api_key_create": ("get", LOGIN, 404, 404, 403, 200),
    "projects:api_key_list": ("get", LOGIN, 404, 404, 200, 200),
    "projects:api_key_revoke": ("get", LOGIN, 404, 404, 403, 200),
    "projects:api_token_create": ("get", LOGIN, 404, 404, 200, 200),
    "projects:api_token_list": ("get", LOGIN, 404, 404, 200, 200),
    "projects:api_token_revoke": ("get", LOGIN, 404, 404, 403, 200),  # another's
    "projects:environment_add": ("get", LOGIN, 404, 404, 403, 200),
    "projects:environment_delete": ("get", LOGIN, 404, 404, 403, 200),
    "projects:environment_capture": ("get", LOGIN, 404, 404, 200, 200),
    "projects:environment_rename": ("get", LOGIN, 404, 404, 403, 200),
    "projects:project_delete": ("get", LOGIN, 404, 404, 403, 200),
    "projects:project_edit": ("get", LOGIN, 404, 404, 403, 200),
    "projects:removals": ("get", LOGIN, 404, 404, 200, 200),
    "projects:invitation_roles": ("get", LOGIN, 404, 404, 403, 200),
    "projects:teammate_roles": ("get", LOGIN, 404, 404, 403, 200),
    "projects:install": ("get", LOGIN, 404, 404, 200, 200),
    "projects:switch": ("get", LOGIN, 404, 404, 302, 302),
    "projects:install_status": ("get", LOGIN, 404, 404, 200, 200),
    "projects:project_create": ("get", LOGIN, 404, 404, 403, 200),
    "projects:project_list": ("get", LOGIN, 404, 404, 200, 200),
    "support:account_support": ("get", LOGIN, 404, 404, 200, 200),
    "support:close_ask": NO_GET,
    "support:export_ask": NO_GET,
    "support:freshness": ("get", LOGIN, 404, 404, 200, 200),
    "support:visits_allow": NO_GET,
}


SEGMENT = {"name": "Known", "group.0.where.0.field": "person:identity", "group.0.where.0.op": "exists"}
WRITES = {
    "accounts:access_ask": Write(
        None, read_only=302, unrecorded="they have it, and nothing happens: tests/accounts/test_asked_access.py"
    ),
    "accounts:account_settings_save": Write(
        "account.settings",
        {"name": "Renamed", "time_zone": "Europe/Paris", "who_may_invite": "full", "roles_by_project": "none"},
    ),
    "accounts:invitation_link": Write("invitation.copy_link", full=200),
    "accounts:invitation_resend": Write("invitation.resend"),
    "accounts:invitation_revoke": Write("invitation.revoke"),
    "accounts:invite": Write("invitation.create", {"emails": "new@shop.example", "read_only": "on"}),
    "accounts:leave": Write("teammate.leave", read_only=302),
    "accounts:scim_token_create": Write("scim.token_create", {"name": "Okta", "read_only": "True"}, full=200),
    "accounts:scim_token_revoke": Write("scim.token_revoke"),
    "accounts:sso_domain": Write("sso.domain_remove", {"do": "remove"}),
    "accounts:sso_domain_add": Write("sso.domain_add", {"domain": "works.example"}),
    "accounts:sso_provider": Write("sso.provider_change", {"name": "X", "client_id": "x", "joins_read_only": "True"}),
    "accounts:sso_provider_add": Write(
        None,
        {"name": "X", "issuer": "http://nowhere.example", "client_id": "x", "joins_read_only": "True"},
        full=422,
        unrecorded="nobody answers there: tests/accounts/test_sso_settings.py",
    ),
    "accounts:sso_provider_delete": Write("sso.provider_delete"),
    "accounts:sso_provider_switch": Write("sso.switch_off", {"to": "off"}),
    "accounts:sso_provider_test": Write(None, full=424, unrecorded="nobody answers there: test_sso_settings.py"),
    "accounts:sso_certificate": Write(None, full=404, unrecorded="it is no SAML provider: saml/test_settings.py"),
    "accounts:sso_saml_add": Write(None, {}, full=422, unrecorded="nothing is sent: accounts/saml/test_settings.py"),
    "accounts:sso_require": Write(None, {"to": "off"}, unrecorded="nothing is required: test_sso_settings.py"),
    "accounts:sso_way_back": Write(
        None,
        lambda world: {"membership": world.ids["membership_id"]},
        foreign=("membership",),
        unrecorded="a read-only teammate cannot be one: test_sso_settings.py",
    ),
    "accounts:teammate_access": Write("teammate.full_access", {}),
    "accounts:teammate_remove": Write("teammate.remove"),
    **{
        f"analytics:alert_{what}": Write(verb, alert_on_views, foreign=("report", "recipients", "webhooks"))
        for what, verb in (("create", "alert.create"), ("edit", "alert.change"))
    },
    "analytics:alert_delete": Write("alert.delete"),
    "analytics:alert_subscribe": Write("alert.subscribe", read_only=302),
    "analytics:alert_switch": Write("alert.switch_off", {"off": "1"}),
    "analytics:webhook_create": Write(
        "webhook.create", {"name": "Chat", "url": "https://chat.example/hooks/secret"}, full=200
    ),
    "analytics:webhook_delete": Write("webhook.delete"),
    "analytics:webhook_secret": Write("webhook.secret", full=200),
    "analytics:webhook_test": Write("webhook.test"),
    "analytics:catalogue_note": Write("name.verify", {"of": "event:Paid", "do": "verify"}),
    "analytics:behind_segment": Write(
        "segment.create", {"name": "Viewed", "question": "kind=users&behind.at=people.all"}
    ),
    "analytics:compare_carry": Write(
        "environment.carry_over",
        lambda world: {
            "source": other_environment(world).app_id,
            "item": f"segment:{world.ids['lineage']}",
            "clash": "replace",
        },
        foreign=("source",),
    ),
    "analytics:compare_undo": Write(
        "environment.carry_undo", lambda world: {"carry": carried_over(world).pk}, foreign=("carry",)
    ),
    "analytics:first_steps_hide": Write(None, unrecorded="the person has read them; nothing of the account changes"),
    "analytics:dashboard_create": Write("dashboard.create", {"name": "Sales"}),
    "analytics:dashboard_delete": Write("dashboard.delete"),
    "analytics:dashboard_edit": Write("dashboard.change", {"name": "Sales"}),
    "analytics:dashboard_order": Write(
        "dashboard.order", lambda world: {"move": world.ids["lineage"], "by": "1"}, foreign=("move",)
    ),
    "analytics:dashboard_range": Write("dashboard.range", {"days": "7", "before": "period"}),
    "analytics:tile_add": Write(
        "dashboard.tile_add", lambda world: {"report": world.ids["lineage"]}, foreign=("report",)
    ),
    "analytics:tile_change": Write("dashboard.tile_change", {"size": "wide"}),
    "analytics:tile_order": Write("dashboard.reorder", lambda world: {"move": world.ids["tile"], "by": "1"}),
    "analytics:tile_remove": Write("dashboard.tile_remove"),
    **{
        f"analytics:{noun}_bulk": Write(
            f"{noun}.tag",
            lambda world: {"item": world.ids["lineage"], "do": "tag", "tags": "checkout"},
            foreign=("item",),
        )
        for noun in ("definition", "segment", "report")
    },
    "analytics:definition_create": Write("definition.create", {"name": "Viewed", "any.0.event": "builtin:pageview"}),
    "analytics:definition_delete": Write("definition.delete", {"although_used": "1"}),
    "analytics:definition_edit": Write(
        "definition.change", {"name": "Viewed", "any.0.event": "builtin:pageview", "version": "1"}
    ),
    "analytics:person_download": Write("person.download", read_only=200, full=200),
    "analytics:person_delete": Write(
        "person.delete", lambda world: {"confirm": person_name(world.ids["actor_id"], None)}
    ),
    "analytics:label_open": Write(
        None,
        {"address": "https://shop.example/"},
        read_only=200,
        full=200,
        unrecorded="looks at one's own site; what is saved there is recorded",
    ),
    "analytics:site_confirm": Write("site.confirm", {"site": "https://new.example"}),
    "analytics:site_remove": Write("site.remove"),
    "analytics:query_cancel": Write(
        None, {"token": "0" * 32}, read_only=204, full=204, unrecorded="stops a question that one asked oneself"
    ),
    "analytics:note_add": Write("note.create", {"day": "2026-03-14", "text": "Sale begins"}),
    "analytics:note_delete": Write("note.delete"),
    "analytics:note_edit": Write("note.change", {"day": "2026-03-14", "text": "Sale begins"}),
    "analytics:report_create": Write(
        "report.create", {"name": "Views", "kind": "graph", "question": "event=builtin:pageview"}
    ),
    "analytics:report_delete": Write("report.delete"),
    "analytics:report_edit": Write("report.change", {"name": "Views", "version": "1"}),
    "analytics:report_pin": Write(
        "report.unpin", lambda world: {"off": "1", "dashboard": world.ids["lineage"]}, foreign=("dashboard",)
    ),
    "analytics:report_save": Write(
        "report.change", {"kind": "graph", "question": "event=builtin:session", "version": "1"}
    ),
    "analytics:segment_create": Write("segment.create", SEGMENT),
    "analytics:segment_delete": Write("segment.delete", {"although_used": "1"}),
    "analytics:segment_edit": Write("segment.change", SEGMENT | {"version": "1"}),
    "analytics:shared_link_create": Write(
        "shared_link.create",
        lambda world: {"name": "Board", "what": f"report:{world.ids['lineage']}"},
        foreign=("what",),
    ),
    "analytics:shared_link_end": Write("shared_link.end"),
    "analytics:subscription_add": Write(  # oneself, whoever one is; others: tests/analytics/subscriptions
        "subscription.create",
        lambda world: {"report": world.ids["lineage"], "often": "monthly.31", "hour": "8"},
        foreign=("report",),
        read_only=302,
    ),
    "analytics:subscription_edit": Write("subscription.change", {"often": "weekly.7", "hour": "0"}),
    "analytics:subscription_end": Write("subscription.end"),
    "ipfilter:environment_excluded_ips": Write("excluded_ips.save", {"text": "10.1.*", "version": "0"}),
    "ipfilter:environment_excluded_ips_preview": Write(
        None, {"text": "10.1.*"}, full=200, unrecorded="a preview changes nothing"
    ),
    "ipfilter:excluded_ips": Write("excluded_ips.save", {"text": "10.1.*", "version": "0"}),
    "ipfilter:excluded_ips_preview": Write(None, {"text": "10.1.*"}, full=200, unrecorded="a preview changes nothing"),
    "projects:api_key_create": Write("api_key.create", {"name": "Nightly"}, full=200),  # shows the secret
    "projects:api_key_revoke": Write("api_key.revoke"),
    "projects:api_token_create": Write(
        "api_token.create", {"name": "Nightly", "scopes": ["queries"]}, read_only=200, full=200
    ),
    "projects:api_token_revoke": Write("api_token.revoke"),
    "projects:environment_add": Write(
        "environment.add",
        lambda world: {"name": "Copy", "source": world.ids["environment_id"]},
        foreign=("source",),
    ),
    "projects:environment_delete": Write(
        None,
        {"confirm": "Production"},
        full=200,
        unrecorded="the only environment stays: tests/projects/test_deleting.py",
    ),
    "projects:environment_capture": Write("environment.capture", {"without_query": "on"}),
    "projects:environment_rename": Write("environment.rename", {"name": "Live"}),
    **{
        f"projects:{holder}_roles": Write(
            "teammate.role",
            lambda world: {
                f"project-{world.ids['project_id']}": "full",
                f"initial-project-{world.ids['project_id']}": "read_only",
            },
        )
        for holder in ("teammate", "invitation")
    },
    "projects:project_delete": Write(
        None, {"confirm": ""}, full=200, unrecorded="the only project stays: tests/projects/test_deleting.py"
    ),
    "analytics:storage": Write("project.months_kept", {"project": "120"}, full=302),
    "projects:project_edit": Write("project.change", {"name": "X", "time_zone": "Europe/Paris", "week_starts_on": "7"}),
    "projects:project_create": Write("project.create", {"name": "Second"}),
    "support:close_ask": Write("account.ask_to_close", {"text": "We have moved."}),
    "support:export_ask": Write("account.export"),
    "support:visits_allow": Write("support.forbid_visits", {"allowed": "no"}),
}
PERSONAL = {  # for whoever is signed in: about that person, and nothing of an account is in it
    "accounts:appearance",
    "accounts:email_change",
    "accounts:email_change_cancel",
    "accounts:login_delete",
    "accounts:profile",
    "accounts:second_factor_required",
    "accounts:session",
    "accounts:session_end",
    "accounts:sso_connect",
    "accounts:sso_connections",
    "accounts:sso_disconnect",
    "projects:home",
    "support:export_download",  # by a secret, and for teammates alone: tests/support/test_export.py
    "support:visit_end",
}
PUBLIC = {  # for everybody; those with a secret in the URL have tests of their own
    "accounts:email_confirm",
    "analytics:subscription_confirm",
    "analytics:unsubscribe",
    "accounts:invitation",
    "accounts:invitation_ask_again",
    "accounts:invitation_decline",
    "accounts:rescue",
    "analytics:shared",  # and the next: tests/analytics/test_shared_links.py
    "analytics:shared_answer",
    "analytics:shared_csv",
    "analytics:shared_tile",
    "analytics:shared_whole",
    "accounts:sso_answer",
    "accounts:sso_domain_proof",
    "accounts:sso_find",
    "accounts:sso_saml_answer",
    "accounts:sso_saml_finish",
    "accounts:sso_saml_metadata",
    "accounts:sso_saml_refused",
    "accounts:sso_signed_out",
    "accounts:sso_start",
    "projects:first_login",
    "support:status",
    "support:status_json",
    "support:talk",
}
REFUSED_TO_READ_ONLY = [name for name, write in WRITES.items() if write.read_only == 403]


def outcome(response) -> int | str:
    is_login = response.status_code == 302 and response.url.startswith(reverse(settings.LOGIN_URL))
    return LOGIN if is_login else response.status_code


def post(world, role: str, name: str, **instead):
    return world.client(role).post(world.url(name, **instead), WRITES[name].body(world))


def is_of_a_project(name: str) -> bool:
    return bool(PARAMS[name] & {"app_id", "project_id"})
