"""Conditions with lists of values, and groups of conditions in a group."""

import pytest
from django.http import QueryDict

from analytics.definitions.bodies import group_from_json, group_to_json
from analytics.kinds.registry import parse
from analytics.questions.conditions import MAX_LISTED, BadQuery, Condition, Field, Group, Match, Operator, Source
from analytics.questions.query import Scope
from analytics.questions.words import condition_words, group_words

PLAN = Field(Source.PROPERTY, "plan")


def is_(value):
    return Condition(PLAN, Operator.IS, value)


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("DE", ("DE",)),
        ("DE,FR , IT", ("DE", "FR", "IT")),
        ('"Paris, Texas", Rome', ("Paris, Texas", "Rome")),
        ('6" pipe, "a ""b"""', ('6" pipe', 'a "b"')),
        ("a,,a,\nb", ("a", "b")),
    ],
)
def test_a_list_is_typed_with_commas(typed, values):
    condition = Condition(PLAN, Operator.ONE_OF, typed)

    assert condition.values == values
    assert Condition(PLAN, Operator.ONE_OF, condition.value) == condition


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (" , ,", "give values, with commas"),
        (",".join(map(str, range(MAX_LISTED + 1))), "at most 100 values"),
        ("a, " + "x" * 1025, "at most 1,024 characters"),
        ("a," * 5000, "at most 8,000 characters"),
        (",".join(f"{n}{'x' * 998}" for n in range(8)), "at most 8,000 characters"),  # 7,999, written with blanks 8,006
        ("a, \0", "characters"),
    ],
)
@pytest.mark.parametrize("operator", [Operator.ONE_OF, Operator.NONE_OF])
def test_a_list_has_bounds(operator, typed, said):
    with pytest.raises(BadQuery, match=said):
        Condition(PLAN, operator, typed)


def test_a_list_in_words():
    assert condition_words(Condition(PLAN, Operator.NONE_OF, "a,b")) == "plan is none of a, b"


def test_empty_groups_are_dropped_first():
    with_empty = Group((), Match.ANY, (Group((is_("pro"),)), Group()))

    assert with_empty == Group((), Match.ANY, (Group((is_("pro"),)),))
    assert not Group((), Match.ANY, (Group(),))


def test_a_group_in_a_group_of_a_group_is_refused():
    inner = Group((is_("a"),), groups=(Group((is_("b"),)),))

    with pytest.raises(BadQuery, match="one level deep"):
        Group(groups=(inner,))


def test_conditions_in_groups_count_as_well():
    ten = tuple(is_(str(number)) for number in range(10))

    Group(ten, groups=(Group(ten),))
    with pytest.raises(BadQuery, match="At most 20"):
        Group((*ten, is_("x")), groups=(Group(ten),))


def test_a_link_with_groups():
    link = (
        "event=builtin:pageview&where.match=any&where.0.field=property:plan&where.0.value=free"
        "&where.group.0.match=any&where.group.0.0.field=event:path&where.group.0.0.op=one_of"
        "&where.group.0.0.value=/a,/b&where.group.0.7.field=event:title&where.group.0.7.op=exists"
        "&where.group.3.0.field="
    )

    parsed = parse("graph", QueryDict(link), Scope(1))

    assert parsed.errors == {}
    assert group_words(parsed.query.where) == "plan is free or (Path is one of /a, /b or Title exists)"


def test_what_is_wrong_in_a_group_is_said_at_its_field():
    link = "where.group.0.0.field=event:path&where.group.0.0.op=one_of&where.group.0.0.value=,"

    assert list(parse("graph", QueryDict(link), Scope(1)).errors) == ["where.group.0.0.value"]


def test_groups_are_kept_in_definitions():
    group = Group((is_("a"),), Match.ANY, (Group((is_("b"), is_("c"))),))

    assert group_from_json(group_to_json(group)) == group
    assert "groups" not in group_to_json(Group((is_("a"),)))  # as those that are stored already
