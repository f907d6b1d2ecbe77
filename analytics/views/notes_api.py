"""Notes by programs with an API key: whoever deploys can say so."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from analytics.environments import notes
from analytics.forms.notes import ProgramsNoteForm
from collector.protocol.errors import Refused
from collector.views.programs import endpoint, in_environment, json_body, refusal, refused_by_collector, with_token
from common.counted import counted
from projects.models import ApiKey, Environment

MOST_BYTES = 16 * 1024
FIELDS = ("text", "day", "at")


@endpoint("POST")
@with_token
@in_environment
def note_add(request: HttpRequest, key: ApiKey, environment: Environment) -> HttpResponse:
    """Add a note to the environment `?app_id=…` of the key's project: 201, or 200 if it is there already."""
    try:
        body = json_body(request, MOST_BYTES)
    except Refused as refused:
        return refused_by_collector(refused)
    if (wrong := next((name for name in FIELDS if not isinstance(body.get(name) or "", str)), "")) != "":
        return refusal(400, f"{wrong} must be a text")
    form = ProgramsNoteForm({name: body.get(name) or "" for name in FIELDS})
    if not form.is_valid():
        return refusal(400, "; ".join(f"{name}: {' '.join(map(str, words))}" for name, words in form.errors.items()))
    at, is_day = form.when(timezone.now())
    try:
        note, is_new = notes.add_note(
            environment=environment, at=at, is_day=is_day, text=form.cleaned_data["text"], by=None, key=key
        )
    except notes.NoRoomForNotes:
        most = counted(notes.MOST_ON_CHARTS, "note")
        return refusal(409, f"this environment has {most} already: delete some first")
    when = {"day": note.at.date().isoformat()} if is_day else {"at": note.at.isoformat()}
    return JsonResponse({"note_id": note.pk, "text": note.text} | when, status=201 if is_new else 200)
