"""What the script on a site asks and saves: docs/labelling.md, behind the door of analytics/labelling/door.py."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

from accounts import activity
from analytics import actions
from analytics.definitions.bodies import DefinitionBody, JsonBody
from analytics.forms.definitions import name_and_notes
from analytics.labelling import answers, tickets
from analytics.labelling.answers import ElementCounts
from analytics.labelling.door import BEGUN, ScriptRefused, body_of, failure, label_endpoint, limit_guesses
from analytics.labelling.door import answered as without_token
from analytics.labelling.elements import Element, PagePlace, storable
from analytics.labelling.proposal import propose
from analytics.labelling.sent import alternatives, read_event, read_kind, read_selection, written
from analytics.labelling.tickets import Labeller
from analytics.questions.conditions import BadQuery, Group
from analytics.questions.parameters import Reader
from analytics.questions.query import Selection
from analytics.store.failures import QueryFailed
from common import links
from common.web_addresses import read_path
from projects.models import Environment

ONLY_LOOK = "You have read-only access here. Somebody with full access can save it."


@without_token
def open_page(request: HttpRequest, origin: str) -> JsonBody:
    limit_guesses(request)
    ticket = body_of(request).get("ticket")
    used = tickets.use(storable(ticket), origin) if isinstance(ticket, str) else None
    if used is None:
        raise ScriptRefused(401, BEGUN)
    token, labeller = used
    environment = labeller.environment
    return {
        "token": token,
        "environment": environment.name,
        "project": environment.project.name,
        "app_id": environment.app_id,
        "may_save": labeller.may_save,
        "ends_at": _moment(labeller.ticket.ends_at),
    }


@label_endpoint
def element(request: HttpRequest, labeller: Labeller, sent: JsonBody) -> JsonBody:
    kind = read_kind(sent)
    clicked, page = Element.read(sent.get("element")), PagePlace.read(sent.get("page"))
    made = propose(kind, clicked, page)
    event = read_event(sent)
    answer: JsonBody = {
        "event": str(event),
        "conditions": [written(each.condition) | {"ticked": each.ticked} for each in made.offered],
        "scopes": [
            {"name": each.name, "words": each.words, "conditions": [written(one) for one in each.conditions]}
            for each in made.scopes
        ],
        "scope": made.scope,
        "name": made.name,
        "counts": None,
        "counts_error": "",
        "covered_by": [],
    }
    try:
        answer["covered_by"] = _covered_by(labeller.environment, kind, clicked, page)
        answer["counts"] = _counts(answers.count(labeller.environment, Selection(event, Group(made.conditions))))
    except QueryFailed as error:
        answer["counts_error"] = failure(error)[1]
    return answer


@label_endpoint
def counts(request: HttpRequest, labeller: Labeller, sent: JsonBody) -> JsonBody:
    answer = _counts(answers.count(labeller.environment, read_selection(sent)))
    if "element" in sent:
        of_element, page = Element.read(sent["element"]), PagePlace.read(sent.get("page", {}))
        answer["covered_by"] = _covered_by(labeller.environment, read_kind(sent), of_element, page)
    return answer


@label_endpoint
def save(request: HttpRequest, labeller: Labeller, sent: JsonBody) -> JsonBody:
    environment, user = labeller.environment, labeller.ticket.user
    if not labeller.may_save:
        activity.record_refusal(
            account=environment.project.account,
            by=user,
            target="POST analytics:definition_create",
            details={"on": environment.name, "site": labeller.ticket.site.origin},
            project_number=environment.project_id,
        )
        raise ScriptRefused(403, ONLY_LOOK)
    given = sent.get("name", "")
    raw = Reader({"name": [storable(given) if isinstance(given, str) else ""]})
    name, _ = name_and_notes(raw, named=True)
    if raw.errors:
        raise BadQuery(raw.errors["name"], "name")
    body = DefinitionBody((read_selection(sent),))
    saved = actions.create_definition(environment=environment, name=name, body=body, by=user)
    return {"name": saved.name, "url": answers.absolute(environment, saved.lineage)}


@label_endpoint
def page(request: HttpRequest, labeller: Labeller, sent: JsonBody) -> JsonBody:
    environment, place = labeller.environment, PagePlace.read(sent.get("page"))
    try:
        shown = answers.definitions_on(environment, place)
        clicks = answers.elements_on(environment, place, "click", answers.MOST_CLICKS)
    except QueryFailed as error:
        return {"definitions": [], "clicks": [], "error": failure(error)[1]}
    return {
        "definitions": [
            {
                "name": each.name,
                "url": answers.absolute(environment, each.lineage),
                "last_7": each.events,
                "any": alternatives(each.body),
            }
            for each in shown
        ],
        "clicks": [_element(clicked) | {"events": events} for clicked, events in clicks],
    }


@label_endpoint
def end(request: HttpRequest, labeller: Labeller, sent: JsonBody) -> JsonBody:
    tickets.end(labeller.ticket)
    return {}


def _covered_by(environment: Environment, kind: str, element: Element, page: PagePlace) -> list[JsonBody]:
    found = answers.covered_by(environment, kind, element, page)
    return [{"name": name, "url": answers.absolute(environment, lineage)} for lineage, name in found]


def _counts(found: ElementCounts) -> JsonBody:
    return {
        "last_7": {"events": found.events_7, "people": found.people_7},
        "last_30": {"events": found.events_30, "people": found.people_30},
        "by_day": list(found.days),
        "newest": [{"at": _moment(each.at), "text": each.text, "path": read_path(each.path)} for each in found.newest],
        "url": links.absolute(found.url),
    }


def _element(element: Element) -> dict[str, Any]:
    texts = asdict(element)
    return texts | {"class": texts.pop("classes")}


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
