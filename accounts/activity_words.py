"""Words for the activity: a phrase for each verb, for what was refused, and for the details."""

import re
from typing import Any

from accounts.models import Activity, RolesByProject, WhoMayInvite
from common.counted import counted
from common.row_names import rows_of
from common.user_agent import agent_of

WORDS = {
    "account.open": "opened the account",
    "account.settings": "changed the account's settings",
    "account.close": "closed the account",
    "account.reopen": "reopened the account",
    "account.ask_to_close": "asked support to close the account",
    "account.export": "asked for an export of the account",
    "account.export_fetch": "fetched the export of the account",
    "project.create": "created the project",
    "project.change": "changed the project",
    "project.months_kept": "changed how long events are kept in",
    "project.delete": "deleted the project",
    "project.removed": "All data is removed of the project",
    "environment.add": "added the environment",
    "environment.rename": "renamed the environment",
    "environment.capture": "changed what is captured in",
    "environment.delete": "deleted the environment",
    "api_key.create": "created the API key",
    "api_key.revoke": "revoked the API key",
    "api_token.create": "created the API token",
    "api_token.revoke": "revoked the API token",
    "shared_link.create": "made the shared link for",
    "shared_link.end": "ended the shared link for",
    "environment.removed": "All data is removed of the environment",
    "environment.expired": "Events that are kept no longer are removed of the environment",
    "environment.carry_over": "carried over into",
    "environment.carry_undo": "took back what was carried over into",
    "excluded_ips.save": "changed the excluded IPs of",
    "definition.create": "made the definition",
    "definition.change": "changed the definition",
    "definition.delete": "deleted the definition",
    "definition.tag": "changed the tags of the definition",
    "segment.create": "made the segment",
    "segment.change": "changed the segment",
    "segment.delete": "deleted the segment",
    "segment.tag": "changed the tags of the segment",
    "report.create": "saved the report",
    "report.change": "changed the report",
    "report.delete": "deleted the report",
    "report.tag": "changed the tags of the report",
    "report.pin": "pinned to the dashboard:",
    "report.unpin": "took off the dashboard:",
    "subscription.create": "set up mails of",
    "subscription.confirm": "confirmed the mails of",
    "subscription.change": "changed the mails of",
    "subscription.end": "ended the mails of",
    "dashboard.create": "made the dashboard",
    "dashboard.change": "renamed the dashboard",
    "dashboard.delete": "deleted the dashboard",
    "dashboard.order": "put the dashboards into another order:",
    "dashboard.range": "changed the range of the dashboard",
    "dashboard.reorder": "put into another order the tiles of",
    "dashboard.tile_add": "added a tile to the dashboard",
    "dashboard.tile_change": "changed a tile of the dashboard",
    "dashboard.tile_remove": "removed a tile of the dashboard",
    "name.describe": "described the name",
    "name.hide": "hid the name",
    "name.show": "showed again the name",
    "name.verify": "verified the name",
    "name.unverify": "no longer verifies the name",
    "site.confirm": "confirmed for labelling the site",
    "site.remove": "no longer allows labelling on the site",
    "note.create": "added the note",
    "note.change": "changed the note",
    "note.delete": "deleted the note",
    "alert.create": "made the alert",
    "alert.change": "changed the alert",
    "alert.switch_on": "switched on the alert",
    "alert.switch_off": "switched off the alert",
    "alert.delete": "deleted the alert",
    "alert.subscribe": "is told by mail of the alert",
    "alert.unsubscribe": "is told no more of the alert",
    "webhook.create": "made the webhook",
    "webhook.secret": "changed the secret of the webhook",
    "webhook.test": "sent a test to the webhook",
    "webhook.delete": "deleted the webhook",
    "webhook.ended": "ended the webhook",
    "person.delete": "asked to delete",
    "person.deleted": "deleted all data of",
    "person.download": "downloaded all data of",
    "teammate.ask_access": "asked for full access:",
    "teammate.full_access": "gave full access to",
    "teammate.read_only": "made read-only:",
    "teammate.role": "changed the access to the project",
    "teammate.remove": "removed",
    "teammate.join": "let in",
    "teammate.rejoin": "let in again",
    "teammate.leave": "left the account:",
    "invitation.create": "invited",
    "invitation.resend": "sent a new invitation to",
    "invitation.revoke": "revoked the invitation of",
    "invitation.copy_link": "copied the invitation link of",
    "invitation.accept": "accepted the invitation of",
    "invitation.decline": "declined the invitation of",
    "invitation.ask_again": "asked for a new invitation of",
    "person.delete_by_api": "asked for the deletion of",
    "person.deleted_by_api": "has had deleted",
    "login.sign_in": "signed in",
    "login.rename": "changed their own name to",
    "login.email_ask": "asked for another address than",
    "login.email_cancel": "kept their own address",
    "login.email": "changed their own address to",
    "login.password": "changed their own password",
    "login.second_factor_add": "added a second factor",
    "login.second_factor_remove": "removed a second factor",
    "login.recovery_codes": "made new recovery codes",
    "login.session_end": "ended a session of their own",
    "login.sessions_end": "ended all other sessions of their own",
    "login.rescue_offer": "The operator made a one-time link for",
    "login.rescue": "used the operator's one-time link",
    "login.delete": "deleted their own login",
    "sso.provider_add": "added the provider of single sign-on",
    "sso.provider_change": "changed the provider of single sign-on",
    "sso.provider_delete": "deleted the provider of single sign-on",
    "sso.test": "tested single sign-on with",
    "sso.switch_on": "switched single sign-on on with",
    "sso.switch_off": "switched single sign-on off with",
    "sso.require": "made single sign-on compulsory in",
    "sso.stop_requiring": "made single sign-on optional in",
    "sso.domain_add": "named the domain",
    "sso.domain_mail": "had a mail sent to the postmaster of",
    "sso.domain_prove": "proved the domain",
    "sso.domain_remove": "removed the domain",
    "sso.way_back": "named as a way back without single sign-on:",
    "sso.way_back_remove": "took away the way back of",
    "sso.connect": "connected their login with",
    "sso.disconnect": "disconnected a login from",
    "sso.join": "joined by single sign-on:",
    "scim.token_create": "made the SCIM token",
    "scim.token_revoke": "revoked the SCIM token",
    "scim.add": "told, without letting them in, of",
    "scim.adopt": "took over the teammate",
    "scim.change": "changed what the directory says of",
    "scim.remove": "no longer tells of",
    "scim.stay": "could not put out",
    "sso.certificate_ends": "told people with full access that a certificate ends of",
    "sso.refuse": "was refused by single sign-on:",
    "sso.refuse_answer": "an answer was not believed of",
    "support.look": "looked at",
    "support.visit": "visited the account:",
    "support.visit_end": "ended the visit:",
    "support.allow_visits": "allowed visits of support",
    "support.forbid_visits": "forbade visits of support",
    "support.reply": "answered",
    "support.new": "took up again:",
    "support.answered": "marked as answered:",
    "support.closed": "closed",
    "refused": "was refused",
}
KINDS = {
    "account": "The account",
    "project": "Projects",
    "environment": "Environments",
    "api_key": "API keys",
    "api_token": "API tokens",
    "shared_link": "Shared links",
    "excluded_ips": "Excluded IPs",
    "teammate": "Teammates",
    "invitation": "Invitations",
    "definition": "Definitions",
    "segment": "Segments",
    "report": "Reports",
    "dashboard": "Dashboards",
    "subscription": "Subscriptions",
    "name": "Events and properties",
    "site": "Sites for labelling",
    "note": "Notes on charts",
    "alert": "Alerts",
    "webhook": "Webhooks",
    "person": "People",
    "login": "Logins and passwords",
    "sso": "Single sign-on",
    "scim": "Joining and leaving (SCIM)",
    "support": "Support",
    "refused": "Refused attempts",
}
OF_THE_ACCOUNT = ("account", "teammate", "invitation", "login", "sso", "scim", "support")  # kinds about no project
REFUSED = {  # what the person wanted to do, by the page that refused it
    "accounts:account_settings_save": "change the account's settings",
    "accounts:invitation_link": "copy the invitation link of",
    "accounts:invitation_resend": "send a new invitation to",
    "accounts:invitation_revoke": "revoke the invitation of",
    "accounts:invite": "invite people",
    "accounts:leave": "leave the account",
    "accounts:scim": "set up joining and leaving by SCIM in",
    "accounts:scim_token_create": "create a SCIM token in",
    "accounts:scim_token_revoke": "revoke the SCIM token",
    "accounts:sso": "set up single sign-on in",
    "accounts:sso_certificate": "change the certificates of a provider of single sign-on of",
    "accounts:sso_domain": "prove or remove a domain of",
    "accounts:sso_domain_add": "name a domain of",
    "accounts:sso_provider": "change a provider of single sign-on of",
    "accounts:sso_provider_add": "add a provider of single sign-on to",
    "accounts:sso_provider_delete": "delete a provider of single sign-on of",
    "accounts:sso_provider_switch": "switch single sign-on on or off in",
    "accounts:sso_provider_test": "test single sign-on of",
    "accounts:sso_require": "make single sign-on compulsory or optional in",
    "accounts:sso_saml_add": "add a provider of single sign-on to",
    "accounts:sso_way_back": "name a way back into",
    "accounts:teammate_access": "change the access of",
    "accounts:teammate_remove": "remove the teammate",
    "analytics:alert_create": "make an alert in",
    "analytics:alert_delete": "delete the alert",
    "analytics:alert_edit": "change the alert",
    "analytics:alert_switch": "switch on or off the alert",
    "analytics:alert_subscribe": "be told of the alert",
    "analytics:behind_segment": "make a segment of people in",
    "analytics:catalogue_note": "describe, hide or verify names of",
    "analytics:compare_carry": "carry things over into",
    "analytics:compare_undo": "take back what was carried over into",
    "analytics:dashboard_create": "make a dashboard in",
    "analytics:dashboard_delete": "delete the dashboard",
    "analytics:dashboard_edit": "change the dashboard",
    "analytics:dashboard_order": "put the dashboards into another order in",
    "analytics:dashboard_range": "change the range of the dashboard",
    "analytics:definition_bulk": "change several definitions of",
    "analytics:definition_create": "make a definition in",
    "analytics:definition_delete": "delete the definition",
    "analytics:definition_edit": "change the definition",
    "analytics:definition_preview": "try a definition in",
    "analytics:first_steps_hide": "hide the first steps of",
    "analytics:note_add": "add a note to the charts of",
    "analytics:note_delete": "delete the note",
    "analytics:note_edit": "change the note",
    "analytics:person_delete": "delete a person of",
    "analytics:report_bulk": "change several reports of",
    "analytics:report_create": "save a report in",
    "analytics:report_delete": "delete the report",
    "analytics:report_edit": "change the report",
    "analytics:report_pin": "add to a dashboard, or take off one, the report",
    "analytics:report_save": "change the report",
    "analytics:segment_bulk": "change several segments of",
    "analytics:segment_create": "make a segment in",
    "analytics:segment_delete": "delete the segment",
    "analytics:segment_edit": "change the segment",
    "analytics:segment_preview": "try a segment in",
    "analytics:shared_link_create": "make a shared link in",
    "analytics:shared_link_end": "end the shared link for",
    "analytics:webhook_create": "make a webhook in",
    "analytics:webhook_delete": "delete the webhook",
    "analytics:webhook_secret": "change the secret of the webhook",
    "analytics:webhook_test": "send a test to the webhook",
    "analytics:storage": "change how long events are kept in",
    "analytics:site_confirm": "confirm a site for labelling in",
    "analytics:site_remove": "remove a site for labelling of",
    "analytics:subscription_add": "send to other addresses, from",
    "analytics:subscription_edit": "change a subscription of",
    "analytics:subscription_end": "end a subscription of",
    "analytics:tile_add": "add a tile to the dashboard",
    "analytics:tile_change": "change a tile of the dashboard",
    "analytics:tile_order": "order the tiles of the dashboard",
    "analytics:tile_remove": "remove a tile of the dashboard",
    "ipfilter:environment_excluded_ips": "change the excluded IPs of",
    "ipfilter:environment_excluded_ips_preview": "try excluded IPs for",
    "ipfilter:excluded_ips": "change the excluded IPs of the account",
    "ipfilter:excluded_ips_preview": "try excluded IPs for the account",
    "projects:api_key_create": "create an API key in",
    "projects:api_key_revoke": "revoke the API key",
    "projects:api_token_create": "create an API token for",
    "projects:api_token_revoke": "revoke the API token",
    "projects:environment_add": "add an environment to",
    "projects:environment_capture": "change what is captured in",
    "projects:environment_delete": "delete the environment",
    "projects:environment_rename": "rename the environment",
    "projects:invitation_roles": "choose the projects for the invitation of",
    "projects:project_create": "create a project",
    "projects:project_delete": "delete the project",
    "projects:project_edit": "change the project",
    "projects:teammate_roles": "change the access to projects of",
    "support:close_ask": "ask support to close the account",
    "support:export_ask": "ask for an export of the account",
    "support:visits_allow": "allow or forbid visits of support",
}
CHANGES = {
    "account.settings",
    "dashboard.change",
    "project.change",
    "project.months_kept",
    "environment.rename",
    "environment.capture",
    "scim.change",
}
"""The verbs whose details are {what: [before, after]}."""
LABELS = {
    "all": "all of them",
    "ending": "its secret ends with",
    "reason": "why",
    "roles_by_project": "what read-only teammates reach",
    "embedding_sites": "sites that may show shared links in a frame",
}
ANY = "*"
HIDDEN = {
    ("refused", "path"),
    ("refused", "needs"),
    ("refused", "on"),
    ("refused", "teammate"),
    (ANY, "request"),
    ("sso.certificate_ends", "provider"),
    ("excluded_ips.save", "app_id"),
}
"""Details that only programs need, by verb: paths, ids, and what stands in the line already."""


def words(verb: str) -> str:
    """The phrase for `verb`. A verb without a phrase stays readable ("report.star" becomes "report: star")."""
    return WORDS.get(verb) or verb.replace(".", ": ").replace("_", " ")


def target(row: Activity) -> str:
    """What it was done to, in words."""
    if row.verb == "login.session_end":
        agent = agent_of(row.target.encode("latin-1", "replace"))
        return " on ".join(part for part in (agent.browser, agent.os) if part and part != "Other")
    return refused(row) if row.verb == "refused" else row.target


def refused(row: Activity) -> str:
    """What the person tried, as in "to change the report Signups", from the method and the view in the target."""
    method, _, view = row.target.partition(" ")
    if ":" not in view:
        return f"to answer the {row.target}" if row.target.startswith("invitation of") else row.target
    wanted = REFUSED.get(view) or view.rpartition(":")[2].replace("_", " ")
    touched = row.details.get("on") or row.details.get("teammate") or ""
    if not touched:
        wanted = _of_nothing_named(wanted)
    return f"{'to open the page to' if method == 'GET' else 'to'} {wanted} {touched}".strip()


def _of_nothing_named(wanted: str) -> str:
    """For rows from before names were kept: "delete a report" for "delete the report"; "save a report" without "in"."""
    cut = re.sub(r" (of|in|into|to|for)$", "", wanted)
    if cut != wanted:
        return cut
    return re.sub(
        r" the (?!account)(?=(API key|\w+)$)", lambda found: " an " if found[1][0] in "aeioA" else " a ", wanted
    )


def details(row: Activity) -> list[tuple[str, str]]:
    """(what, words) of everything else that is known of it."""
    found: dict[str, Any] = {}
    for name, value in row.details.items():
        if (row.verb, name) in HIDDEN or (ANY, name) in HIDDEN:
            continue
        if name == "capture" and row.verb in CHANGES:
            found |= _changed_parts(*value)
        else:
            found[name] = value
    return [(LABELS.get(name, name.replace("_", " ")), _value(row, name, value)) for name, value in found.items()]


def _changed_parts(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    names = sorted(before.keys() | after.keys())
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def _value(row: Activity, name: str, value: Any) -> str:
    if isinstance(value, list) and row.verb in CHANGES:
        return " → ".join(_one(row, name, each) for each in value)
    return _one(row, name, value)


def _one(row: Activity, name: str, value: Any) -> str:
    if row.verb == "project.months_kept":
        return _months(value, is_project=name == row.target)
    if isinstance(value, bool) or (value is None and row.verb == "environment.capture"):
        return "yes" if value else "no"
    if value is None or value == [] or value == "":
        return "none"
    if name == "who_may_invite":
        return dict(WhoMayInvite.choices).get(value, str(value))
    if name == "roles_by_project":
        return dict(RolesByProject.choices).get(value, str(value))
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict) and value.keys() == {"count", "names"}:
        more = ", …" if value["count"] > len(value["names"]) else ""
        return f"{value['count']:,} ({', '.join(value['names'])}{more})"
    if isinstance(value, dict):
        return ", ".join(f"{_one(row, table, number)} {rows_of(table, number)}" for table, number in value.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _months(months: int | None, *, is_project: bool) -> str:
    if months is None:
        return "for ever" if is_project else "as the project"
    return counted(months, "month")
