"""What support keeps, by noun."""

from support.models.closing import Closing, ClosingState
from support.models.exports import AccountExport, ExportPart, ExportState
from support.models.messages import Message, MessageKind, MessageState, Reply
from support.models.status import Component, Day, Incident, IncidentUpdate, Sample, State
from support.models.visits import SupportAccess, Visit

__all__ = [
    "AccountExport",
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
