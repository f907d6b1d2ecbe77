"""Events and people in words, the same on every page."""

from dataclasses import dataclass

VERBS = {"custom": "", "pageview": "Viewed", "click": "Clicked", "change": "Changed", "submit": "Submitted"}


@dataclass(frozen=True)
class Headline:
    """An event in one line: the action (empty for a custom event, whose name says it) and its target."""

    verb: str
    object: str

    def __str__(self) -> str:
        return f"{self.verb} {self.object}".strip()


def headline(kind: str, name: str, fields: dict[str, str]) -> Headline:
    """The line for one event. `fields` holds those of its page and target columns that are set."""
    if kind == "custom":
        return Headline("", name)
    if kind == "pageview":
        return Headline(VERBS[kind], fields.get("path") or fields.get("title") or "a page")
    return Headline(VERBS[kind], _target(fields))


def _target(fields: dict[str, str]) -> str:
    if text := fields.get("target_text"):
        return f"“{text}”"
    tag = fields.get("target_tag", "")
    if element := fields.get("target_id"):
        return f"{tag}#{element}"
    if classes := fields.get("target_class", "").split():
        return f"{tag}.{classes[0]}"
    return tag or "an element"


def person_name(actor_id: int, identity: str | None) -> str:
    """The name of a person: their identity, or "Visitor" and the last digits of their number."""
    return identity if identity is not None else f"Visitor {abs(actor_id) % 1_000_000:06}"
