"""An environment's excluded IPs, to read and to save. A token is of one project, so the account's list is not here."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.policy import Can
from common.problems import Problem
from ipfilter import actions
from ipfilter.forms import ExcludedIPsForm
from ipfilter.list_scope import ListScope
from projects.api_tokens.door import Caller, environment_api
from projects.models import Environment, TokenScope

MAX_BYTES = 2 * 2**20  # of a list with its comments
MOST_LINES_TOLD = 100  # of those that are not understood


@environment_api(TokenScope.EXCLUDED_IPS)
def look(request: HttpRequest, caller: Caller, environment: Environment) -> HttpResponse:
    return _list(ListScope.of(environment))


@environment_api(TokenScope.CHANGE_EXCLUDED_IPS, Can.MANAGE)
def save(request: HttpRequest, caller: Caller, environment: Environment) -> HttpResponse:
    """Replace the list as a whole. `version` is that of the list that was read, so that nobody's change is undone."""
    scope, sent = ListScope.of(environment), _sent(request)
    form = ExcludedIPsForm(
        {"text": sent["text"], "version": sent["version"], "everybody": sent["exclude_everybody"]}, scope=scope
    )
    if not form.is_valid():
        raise _refused(form)
    try:
        saved = actions.save_list(scope=scope, by=caller.user, api_token=caller.token.name, **form.wanted())
    except actions.SavedMeanwhile as other:
        line = "Somebody has saved this list since it was read. Read it again, and save what you want to change in it."
        raise Problem(409, "saved_meanwhile", line, version=other.saved.version) from other
    except actions.BlocksEverybody as blocks:  # another list that applies was saved just now
        raise _everybody() from blocks
    return _list(scope, {"added": len(saved.added), "removed": len(saved.removed)})


def _list(scope: ListScope, receipt: dict[str, int] | None = None) -> HttpResponse:
    kept = scope.saved_list()
    return JsonResponse(
        {
            "text": kept.text,
            "version": kept.version,
            "rules": [{"rule": rule.source, "note": rule.note} for rule in scope.rules()],
            "saved_at": kept.saved_at if kept.version else None,
            "saved_by": str(kept.saved_by) if kept.saved_by else None,
        }
        | (receipt or {})
    )


def _sent(request: HttpRequest) -> dict[str, Any]:
    """The object in the body. Raises Problem."""
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise Problem(413, "too_large", f"The body is larger than {MAX_BYTES:,} bytes.")
    try:
        sent = json.loads(body)
        sent["text"].encode()  # half a surrogate pair cannot be stored
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _not_understood("Send a JSON object with the list as text.", "text") from None
    version, everybody = sent.get("version"), sent.get("exclude_everybody", False)
    if not isinstance(version, int) or isinstance(version, bool):
        raise _not_understood("Send the version of the list that was read.", "version")
    if not isinstance(everybody, bool):
        raise _not_understood("Send true or false.", "exclude_everybody")
    return {"text": sent["text"], "version": version, "exclude_everybody": everybody}


def _not_understood(words: str, member: str) -> Problem:
    return Problem(400, "body", words, errors={member: words})


def _refused(form: ExcludedIPsForm) -> Problem:
    if form.line_errors:
        lines = [
            {"line": each.line, "text": each.text, "reason": each.reason, "suggestion": each.suggestion}
            for each in form.line_errors[:MOST_LINES_TOLD]
        ]
        return Problem(422, "rules", "Nothing is saved: some lines are not understood.", lines=lines)
    if "everybody" in form.errors:
        return _everybody()
    return Problem(
        400, "body", "The list cannot be read.", errors={name: words[0] for name, words in form.errors.items()}
    )


def _everybody() -> Problem:
    line = "Nothing is saved: these rules keep all visitors out. Send exclude_everybody: true if that is what you want."
    return Problem(422, "everybody", line)
