"""A small picture of an element: what it is, and its text, as far as it was captured. CSS draws it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from analytics.definitions.bodies import DefinitionBody
from analytics.labelling.elements import COLUMNS, Element, levels
from analytics.labelling.generated import is_telling_class
from analytics.labelling.proposal import DEEDS, REDACTED
from analytics.questions.conditions import Condition, Match, Operator, Source, read_value
from analytics.questions.query import RefersTo
from common.bidi import unturned

MOST_TEXT = 40  # characters
ANY = "…"
FIELDS = {name: column for column, name in COLUMNS.items()}
LOOKS = {  # by tag
    "button": "button",
    "summary": "button",
    "a": "link",
    "input": "field",
    "textarea": "field",
    "select": "choice",
    "option": "choice",
    "img": "image",
    "picture": "image",
    "svg": "image",
    "path": "image",
    "video": "image",
    "form": "form",
}
INPUTS = {  # by type
    **dict.fromkeys(("button", "submit", "reset", "image"), "button"),
    "checkbox": "check",
    "radio": "radio",
}


@dataclass(frozen=True)
class Picture:
    """`look` is one of LOOKS, of INPUTS, or "box". `text` is empty where nothing is known."""

    look: str
    text: str


def of_element(element: Element) -> Picture:
    own = element.levels[-1] if element.levels else None
    tag = (element.tag or (own.tag if own else "")).lower()
    look = LOOKS.get(tag, "box")
    if tag == "input" and own:
        look = INPUTS.get(own.attributes.get("type", "").lower(), look)
    return Picture(look, _text(element, tag, own.attributes.get("name", "") if own else ""))


def of_event(fields: Mapping[str, str]) -> Picture | None:
    """Of the element of an event, whose columns these are; None if it has none."""
    element = Element(**{name: fields.get(column, "") for name, column in COLUMNS.items()})
    return of_element(element) if element != Element() else None


def of_definition(body: DefinitionBody) -> Picture | None:
    """Of the first of its alternatives that says what the element is; None if none does."""
    for each in body.alternatives:
        is_of_element = each.event.to is RefersTo.KIND and each.event.key in DEEDS
        if not is_of_element or each.where.match is Match.ANY:
            continue
        found = Element()
        for condition in each.where.conditions:
            if condition.field.source is Source.EVENT and condition.field.key in FIELDS:
                found = _with(found, condition)
        if found != Element():
            return of_element(found)
    return None


def _with(element: Element, condition: Condition) -> Element:
    """What the condition adds. A part that is not known is ANY."""
    column, value = FIELDS[condition.field.key], read_value(condition.field, condition.value)
    if column == "hierarchy":
        return _around(element, condition)
    if condition.operator is Operator.MATCHES:
        value = value.replace("*", ANY)
    elif condition.operator is Operator.CONTAINS:
        value = value if column == "classes" else f"{ANY}{value}{ANY}"
    elif condition.operator is not Operator.IS:
        return element
    return replace(element, **{column: getattr(element, column) or value})


def _around(element: Element, condition: Condition) -> Element:
    """What a condition on the hierarchy says of the element itself."""
    if condition.operator is Operator.CONTAINS:  # [name=q]; is of the element, #order; of what is around it
        own = f"@{element.tag};{condition.value}|" if condition.value.startswith("[") else ""
    elif condition.operator in (Operator.MATCHES, Operator.IS):
        own = condition.value
    else:
        return element
    found = levels(own)
    tag = element.tag or (found[-1].tag.strip("*") if found else "")
    return replace(element, hierarchy=own, tag=tag)


def _text(element: Element, tag: str, name: str) -> str:
    classes = [each for each in element.classes.split() if is_telling_class(each)]
    known = (
        element.text if element.text != REDACTED else "",
        name,
        f"#{element.id}" if element.id else "",
        element.href,
        f".{classes[0]}" if classes else "",
        f"<{tag}>" if tag else "",
    )
    text = re.sub(r"\s+", " ", unturned(next((each for each in known if each.strip(ANY + " ")), ""))).strip()
    return text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}{ANY}"
