"""The pages of questions, one per kind. Each page is a GET with its parameters in the URL."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.policy import Can
from analytics.dashboards.kept import dashboards, reports_on
from analytics.dashboards.starters import opening_event
from analytics.definitions.glossary import Glossary, glossary_for
from analytics.forms.choices import choices
from analytics.kinds.kind import pinned_parameters
from analytics.kinds.registry import AnyKind, kind_named, show
from analytics.models import Report
from analytics.questions.sessions import SESSION_RULE, counts_sessions
from analytics.shared_links.listed import shared_count
from analytics.store.current import event_store
from analytics.views import export_formats
from analytics.views.answers import TOKEN, AnsweredQuestion, ask
from analytics.views.chart_notes import notes_of_answer
from analytics.views.first_steps import note_asked
from analytics.views.pages import page
from common.database import TookTooLong
from common.htmx import is_part
from projects.door import environment_view
from projects.models import Environment
from projects.registry import last_arrival_at


def analyze(kind: AnyKind) -> Callable[..., HttpResponseBase]:
    """The view of one kind's page."""

    @require_safe
    @environment_view(Can.VIEW)
    def view(request: HttpRequest, environment: Environment) -> HttpResponse:
        asked = ask(request, environment, kind.name, request.GET or opening(environment, kind.name))
        if asked.result is not None and request.GET:
            note_asked(request)
        return answered(request, environment, asked, reverse(f"analytics:{kind.name}", args=[environment.app_id]))

    return view


def opening(environment: Environment, kind: str) -> dict[str, list[str]]:
    """The parameters with which a page opens that was given none: a graph needs an event that there is."""
    return {"event": [str(opening_event(environment))]} if kind == "graph" else {}


def answered(
    request: HttpRequest,
    environment: Environment,
    asked: AnsweredQuestion,
    action: str,
    report: Report | None = None,
    is_changed: bool = False,
    version: int = 0,
) -> HttpResponse:
    """The whole page. htmx gets the answer alone, or the whole page if a field has to show an error.

    `action` is the page's own URL, where the form is sent. `is_changed`: the question differs from the report's own.
    `version` is the report's version when it was opened; the form sends it along from one run to the next.
    """
    context = answer_context(asked, action) | {"report": report, "is_changed": is_changed, "version": version}
    context["dashboards"] = everything = dashboards(environment)
    context["on"] = [each.lineage for each in reports_on(everything).get(report.lineage, [])] if report else []
    context["notes"] = notes_of_answer(environment, context["answer"], context["link"])
    if context["answer"] and context["answer"].is_empty:
        context["is_waiting"] = not has_events(environment)
    if is_part(request) and not asked.errors:
        response = page(request, environment, "analytics/answer_anew.html", context)
        if not asked.is_queued:  # it asks again, and the address belongs to the answer
            response["HX-Push-Url"] = context["link"]
        return response
    context["shared_count"] = shared_count(environment, "report", report.lineage) if report else 0
    context["question"] = kind_named(asked.kind).form(asked.raw, choices(environment, asked.raw))
    response = page(request, environment, "analytics/analyze.html", context, 422 if asked.errors else 200)
    if asked.errors:
        response["HX-Retarget"], response["HX-Reselect"], response["HX-Reswap"] = "#analyze", "#analyze", "outerHTML"
    return response


def has_events(environment: Environment) -> bool:
    """Whether any event has arrived; taken for granted where the database takes too long to say."""
    try:
        return last_arrival_at(environment) is not None
    except TookTooLong:
        return True


def answer_context(asked: AnsweredQuestion, action: str) -> dict[str, Any]:
    """The context of analytics/answer.html."""
    kind = kind_named(asked.kind)
    glossary = glossary_for(asked.query) if asked.query else Glossary()
    title = kind.words(asked.query, glossary) if asked.query else kind.label
    answer = show(asked.result, title) if asked.result else None
    return {
        "asked": asked,
        "answer": answer,
        "kind": kind,
        "title": title,
        "sentence": kind.sentence(asked.query, glossary) if asked.query else "",
        "span": asked.query.range_words() if asked.query else "",
        "action": action,
        "behind": pinned_parameters(answer) if answer and kind.behind else [],
        "session_rule": SESSION_RULE if asked.query and counts_sessions(asked.query) else "",
        "formats": export_formats.offered(),
        "link": f"{action}?{asked.querystring or 'run=1'}" if asked.query else action,
    }


@require_POST
@environment_view(Can.VIEW)
def query_cancel(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Stop the query that the page runs under this token. Nothing happens if it has already ended."""
    token = request.POST.get("token", "")
    if TOKEN.fullmatch(token):
        event_store().cancel(environment.pk, token)
    return HttpResponse(status=204)
