"""A funnel in words."""

from collections.abc import Iterator

from analytics.definitions.glossary import Glossary
from analytics.definitions.words import compared_words, selection_label, selection_words
from analytics.kinds.funnel.question import Asks, Exclusion, Funnel, Order
from analytics.questions.words import duration_words, listed


def words(funnel: Funnel, glossary: Glossary) -> str:
    """ "Pageview → Signed up", "Time to convert by Country: Pageview and Signed up in any order"."""
    asked = {Asks.STEPS: "", Asks.TIMES: "Time to convert", Asks.TREND: f"Conversion by {funnel.unit}"}[funnel.asks]
    if funnel.by:
        asked = f"{asked or 'People'} by {funnel.by.label}"
    steps = [glossary.event_label(step.event) for step in funnel.steps]
    line = " and ".join(steps) if funnel.order is Order.ANY else " → ".join(steps)
    without = (f", without {_exclusion_words(each, glossary, in_full=False)}" for each in funnel.without)
    return f"{asked}{': ' if asked else ''}{line}{_order(funnel)}{''.join(without)}"


def details(funnel: Funnel, glossary: Glossary) -> Iterator[str]:
    yield f"Within {duration_words(funnel.within)}"
    for number, step in enumerate(funnel.steps, 1):
        yield f"Step {number}: {selection_words(step, glossary)}"
    for each in funnel.without:
        yield f"Without {_exclusion_words(each, glossary, in_full=True)}"
    if funnel.order is Order.STRICT:
        yield "In between, no other event of the kinds and names of the steps"
    yield from compared_words(funnel.compare, glossary)


ASKED = {
    Asks.STEPS: "People who did",
    Asks.TIMES: "Time to convert of people who did",
    Asks.TREND: "Conversion of people who did",
}


def clauses(funnel: Funnel, glossary: Glossary) -> Iterator[str]:
    """ "People who did Pageview, then Paid (plan is gold)", "within 7 days", "grouped by Country"."""
    steps = [selection_label(step, glossary) for step in funnel.steps]
    line = listed(steps) if funnel.order is Order.ANY else ", then ".join(steps)
    yield f"{ASKED[funnel.asks]} {line}{_order(funnel)}"
    yield f"within {duration_words(funnel.within)}"
    for each in funnel.without:
        yield f"without {_exclusion_words(each, glossary, in_full=True)}"
    if funnel.asks is Asks.TREND:
        yield f"by {funnel.unit}"
    if funnel.by:
        yield f"grouped by {funnel.by.label}"
    yield from compared_words(funnel.compare, glossary)


def _order(funnel: Funnel) -> str:
    return {Order.IN_ORDER: "", Order.STRICT: " one right after the other", Order.ANY: " in any order"}[funnel.order]


def _exclusion_words(exclusion: Exclusion, glossary: Glossary, *, in_full: bool) -> str:
    """ "Refunded between 1 and 2"; `in_full` with its conditions."""
    selection = exclusion.selection
    event = selection_words(selection, glossary) if in_full else glossary.event_label(selection.event)
    return f"{event} between {exclusion.after} and {exclusion.after + 1}"


def step_labels(funnel: Funnel, glossary: Glossary) -> tuple[str, ...]:
    """The names of the steps; in any order how many were done."""
    if funnel.order is Order.ANY:
        return tuple(f"{number} of {len(funnel.steps)}" for number in range(1, len(funnel.steps) + 1))
    return tuple(selection_label(step, glossary) for step in funnel.steps)
