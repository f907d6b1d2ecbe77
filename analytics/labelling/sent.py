"""What the script sends, and what it is sent, as JSON (docs/labelling.md)."""

from analytics.definitions.bodies import DefinitionBody, JsonBody
from analytics.labelling.elements import storable
from analytics.labelling.proposal import DEEDS, words
from analytics.questions.conditions import MAX_CONDITIONS, BadQuery, Condition, Field, Group, Operator
from analytics.questions.query import EventReference, RefersTo, Selection

CLICK = "kind:click"
NO_SELECTION = "Send what happened, and under which conditions."


def read_selection(sent: JsonBody) -> Selection:
    """`event` and `conditions`. Raises BadQuery, `at` the condition that is wrong."""
    return Selection(read_event(sent), Group(tuple(_conditions(sent.get("conditions")))))


def read_event(sent: JsonBody) -> EventReference:
    """Raises BadQuery: a definition of others is none of what the script can make."""
    text = sent.get("event", CLICK)
    try:
        event = EventReference.parse(storable(text) if isinstance(text, str) else "")
    except BadQuery as error:
        raise BadQuery(error.message, "event") from None
    if event.to is RefersTo.DEFINITION or event.is_session:
        raise BadQuery("Choose a click, a change, a submit, a pageview or an event by its name.", "event")
    return event


def read_kind(sent: JsonBody) -> str:
    """What happened to an element: a key of DEEDS. Raises BadQuery."""
    event = read_event(sent)
    if event.key not in DEEDS:
        raise BadQuery("Only clicks, changes and submits have an element.", "event")
    return event.key


def _conditions(sent: object) -> list[Condition]:
    if not isinstance(sent, list):
        raise BadQuery(NO_SELECTION, "conditions")
    if len(sent) > MAX_CONDITIONS:
        raise BadQuery(f"At most {MAX_CONDITIONS} conditions.", "conditions")
    return [_condition(each, f"conditions.{at}") for at, each in enumerate(sent)]


def _condition(sent: object, at: str) -> Condition:
    given = [sent.get(name, "") for name in ("property", "operator", "value")] if isinstance(sent, dict) else []
    texts = [storable(each) for each in given if isinstance(each, str)]
    if len(texts) < 3:
        raise BadQuery("A condition has a property, an operator and a value.", at)
    name, operator, value = texts
    try:
        condition = Condition(Field.parse(name), Operator(operator), value)
    except BadQuery as error:
        raise BadQuery(error.message, at) from None
    except ValueError:
        raise BadQuery("There is no such operator.", at) from None
    if condition.field.is_of_people:
        raise BadQuery("A definition looks at events. For people, make a segment.", at)
    return condition


def written(condition: Condition) -> JsonBody:
    return {
        "property": str(condition.field),
        "operator": condition.operator.value,
        "value": condition.value,
        "words": words(condition),
    }


def alternatives(body: DefinitionBody) -> list[JsonBody]:
    """Those that name no other definition."""
    return [{"event": str(each.event)} | _group(each.where) for each in body.alternatives if not each.event.lineage]


def _group(group: Group) -> JsonBody:
    return {
        "match": group.match.value,
        "conditions": [written(each) for each in group.conditions],
        "groups": [_group(each) for each in group.groups],
    }
