"""The four questions: Graph, Funnel, Retention, Users. Every one is a GET with its parameters in the URL."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.policy import Can
from analytics.definitions.catalogue import catalogue_for
from analytics.forms.choices import choices
from analytics.forms.questions import question
from analytics.models import Report
from analytics.questions.query import Users
from analytics.questions.results import UsersResult
from analytics.questions.words import KINDS, query_words, span_words
from analytics.store.run import cancel as cancel_run
from analytics.views.answers import present
from analytics.views.asking import TOKEN, Asked, ask, querystring
from analytics.views.rendering import page
from common.htmx import is_part
from projects.door import environment_view
from projects.models import Environment
from projects.registry import last_event_at


def _analyze(kind: str) -> Callable[..., HttpResponseBase]:
    @require_safe
    @environment_view(Can.VIEW)
    def view(request: HttpRequest, environment: Environment) -> HttpResponse:
        asked = ask(request, environment, kind, request.GET)
        return answered(request, environment, asked, reverse(f"analytics:{kind}", args=[environment.app_id]))

    return view


graph = _analyze("graph")
funnel = _analyze("funnel")
retention = _analyze("retention")
users = _analyze("users")


def answered(
    request: HttpRequest,
    environment: Environment,
    asked: Asked,
    action: str,
    report: Report | None = None,
    is_changed: bool = False,
    version: int = 0,
) -> HttpResponse:
    """The whole page; for htmx the answer alone, or the whole again where a field has to say what is wrong with it.

    `action` is the page's own URL, to which the form goes. `is_changed`: the question is not the report's own.
    `version` is that of the report as it was opened, which the form sends along from one run to the next.
    """
    context = answer_context(asked, action) | {"report": report, "is_changed": is_changed, "version": version}
    if context["answer"] and context["answer"].is_empty:
        context["is_waiting"] = last_event_at(environment) is None
    if is_part(request) and not asked.errors:
        response = page(request, environment, "analytics/answer.html", context)
        response["HX-Push-Url"] = context["link"]
        return response
    context["question"] = question(asked.kind, asked.raw, choices(environment, asked.raw))
    response = page(request, environment, "analytics/analyze.html", context, 422 if asked.errors else 200)
    if asked.errors:
        response["HX-Retarget"], response["HX-Reselect"], response["HX-Reswap"] = "#analyze", "#analyze", "outerHTML"
    return response


def answer_context(asked: Asked, action: str) -> dict[str, Any]:
    """What analytics/answer.html needs."""
    title = query_words(asked.query, catalogue_for(asked.query)) if asked.query else KINDS[asked.kind]
    span = getattr(asked.query, "span", None)
    return {
        "asked": asked,
        "answer": present(asked.result, title) if asked.result else None,
        "kind": asked.kind,
        "kind_label": KINDS[asked.kind],
        "title": title,
        "span": span_words(span) if span else "",
        "action": action,
        "older_link": _older_link(asked, action),
        "link": f"{action}?{asked.querystring or 'run=1'}" if asked.query else action,
    }


def _older_link(asked: Asked, action: str) -> str:
    """The next page of a list of people; nothing where there is none."""
    if not isinstance(asked.query, Users) or not isinstance(asked.result, UsersResult) or not asked.result.next:
        return ""
    return f"{action}?{querystring(replace(asked.query, after=asked.result.next))}"


@require_POST
@environment_view(Can.VIEW)
def query_cancel(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Stop the run that the page started under this token; nothing happens when it is over already."""
    token = request.POST.get("token", "")
    if TOKEN.fullmatch(token):
        cancel_run(environment.pk, token)
    return HttpResponse(status=204)
