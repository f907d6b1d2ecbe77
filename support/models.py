"""All models of support, imported from its folders, because Django looks for them here."""

from support.closing.models import Closing, ClosingState
from support.exports.models import AccountExport, ExportPart, ExportState
from support.status.models import Backup, BackupKind, Component, Day, Incident, IncidentUpdate, Sample, State
from support.talk.models import Message, MessageKind, MessageState, Reply
from support.visits.models import SupportAccess, Visit

__all__ = [
    "AccountExport",
    "Backup",
    "BackupKind",
    "Closing",
    "ClosingState",
    "Component",
    "Day",
    "ExportPart",
    "ExportState",
    "Incident",
    "IncidentUpdate",
    "Message",
    "MessageKind",
    "MessageState",
    "Reply",
    "Sample",
    "State",
    "SupportAccess",
    "Visit",
]
