"""Names that would turn the rest of a sentence around."""

import pytest

from analytics.definitions.bodies import DefinitionBody
from analytics.definitions.catalogue_names import CatalogueName
from analytics.definitions.glossary import Glossary
from analytics.definitions.words import definition_words
from analytics.questions.conditions import Condition, Field, Group, Match, Operator, Source
from analytics.questions.query import EventReference, RefersTo, Selection
from analytics.views.catalogue import WantedNames
from common.bidi import TURNING


@pytest.mark.parametrize("turning", TURNING, ids=ascii)
def test_no_name_and_no_value_turns_a_sentence_around(turning):
    name, shown = f"Paid{turning}פריט", "Paid\ufffdפריט"
    condition = Condition(Field(Source.PROPERTY, name), Operator.IS, name)
    selection = Selection(EventReference(RefersTo.CUSTOM, name), Group((condition,), Match.ALL))

    said = definition_words(DefinitionBody((selection,)), Glossary())

    assert said == [f"{shown} where {shown} is {shown}"]
    assert [CatalogueName(kind, name).label for kind in ("event", "property", "user")] == [shown] * 3
    assert WantedNames.of({"q": name}).q == shown  # and is found by what it was copied as
    assert str(selection.event) == f"event:{name}"  # what is asked for is the name itself
