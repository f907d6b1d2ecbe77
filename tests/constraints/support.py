"""What breaks the constraints of the tables of support."""

from datetime import timedelta

from django.utils import timezone

from tests.constraints.rows import Breaks, again, change, each
from tests.factories import AccountFactory, EnvironmentFactory
from tests.support.factories import (
    AccountExportFactory,
    BackupFactory,
    ClosingFactory,
    DayFactory,
    ExportPartFactory,
    IncidentFactory,
    IncidentUpdateFactory,
    MessageFactory,
    ReplyFactory,
    SampleFactory,
    VisitFactory,
)

NOW = timezone.now()
RECEIPT = {"state": "done", "done_at": NOW, "account_name": "", "asked_by": "", "scope": {}, "expected": {}}


def message_about_an_environment():
    environment = EnvironmentFactory()
    return MessageFactory(account=environment.project.account, environment=environment)


BREAKS: Breaks = {
    "message_has_text_and_email": each(lambda field: MessageFactory(**{field: ""}), "text", "email"),
    "message_state_known": lambda: MessageFactory(state="lost"),
    "message_kind_known": lambda: MessageFactory(kind="praise"),
    "message_stays_in_its_account: insert support_message": lambda: MessageFactory(
        account=AccountFactory(), environment=EnvironmentFactory()
    ),
    "message_stays_in_its_account: update support_message": [
        lambda: change(message_about_an_environment(), account=AccountFactory()),
        lambda: change(message_about_an_environment(), environment=EnvironmentFactory()),
    ],
    "reply_has_text": lambda: ReplyFactory(text=""),
    "sample_once_a_minute": lambda: again(SampleFactory()),
    "sample_state_known": each(lambda state: SampleFactory(state=state), -1, 3),
    "sample_component_known": lambda: SampleFactory(component="lift"),
    "backup_kind_known": lambda: BackupFactory(kind="copy"),
    "backup_runs_or_is_good_or_failed": each(
        lambda outcome: BackupFactory(**outcome),
        {"bytes": 1},
        {"problem": "No room."},
        {"ended_at": NOW},
        {"ended_at": NOW, "bytes": 1, "problem": "No room."},
    ),
    "day_once_per_component": lambda: again(DayFactory()),
    "incident_has_a_title": lambda: IncidentFactory(title=""),
    "incident_impact_known": lambda: IncidentFactory(impact="huge"),
    "incident_ends_after_its_start": lambda: IncidentFactory(started_at=NOW, ended_at=NOW - timedelta(seconds=1)),
    "incidentupdate_has_text": lambda: IncidentUpdateFactory(text=""),
    "closing_once_per_account": lambda: again(ClosingFactory()),
    "closing_state_known": lambda: ClosingFactory(state="lost"),
    "closing_grace_not_too_long": lambda: ClosingFactory(grace_days=91),
    "support_closing_grace_days_check": lambda: ClosingFactory(grace_days=-1, grace_until=NOW + timedelta(days=1)),
    "closing_grace_after_closing": lambda: ClosingFactory(closed_at=NOW, grace_until=NOW - timedelta(seconds=1)),
    "closing_receipt_is_impersonal": each(
        lambda kept: ClosingFactory(**RECEIPT | kept),
        {"done_at": None},
        {"account_name": "Shop"},
        {"asked_by": "Ada"},
        {"scope": {"projects_project": [1]}},
        {"expected": {"events": 1}},
    ),
    "closing_reopened_has_a_time": [
        lambda: ClosingFactory(state="reopened"),
        lambda: ClosingFactory(reopened_at=NOW),
    ],
    "export_state_known": lambda: AccountExportFactory(state="lost"),
    "export_one_at_a_time": each(lambda state: again(AccountExportFactory(state=state)), "waiting", "running"),
    "support_accountexport_digest_key": lambda: again(AccountExportFactory(state="ready", digest="digest")),
    "exportpart_number_once": lambda: again(ExportPartFactory()),
    "support_exportpart_number_check": lambda: ExportPartFactory(number=-1),
    "visit_has_a_reason": lambda: VisitFactory(reason=""),
    "visit_half_an_hour": lambda: VisitFactory(started_at=NOW, ends_at=NOW + timedelta(minutes=30, seconds=1)),
}
