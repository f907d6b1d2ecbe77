"""Which people a list is about: `filter`, `startIndex` and `count`. Nothing is matched but whole values."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.http import QueryDict
from scim2_models import InvalidFilterException, InvalidValueException, ScimFilter
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator, ValuePath

from accounts.scim.told import ScimUser
from common.addresses import normal

LONGEST_FILTER = 400  # characters: the longest value that is stored, and what stands around it
MOST_AT_ONCE = 200  # people on a page
MOST_DIGITS = 9
OFFERED = 'a filter is one of: id, userName, externalId or emails.value, then eq and a text, as in userName eq "ada"'


@dataclass(frozen=True)
class ScimSearch:
    """One page: people that match `condition`, from the `start_index`th (the first is 1), at most `count`."""

    condition: Q
    start_index: int
    count: int


def wanted(query: QueryDict) -> ScimSearch:
    """What the address of a request asks for. Raises InvalidFilterException, InvalidValueException."""
    condition = _condition(str(query["filter"])) if "filter" in query else Q()
    start_index = max(1, _number(query, "startIndex", 1))
    return ScimSearch(condition, start_index, min(max(0, _number(query, "count", MOST_AT_ONCE)), MOST_AT_ONCE))


def _number(query: QueryDict, name: str, default: int) -> int:
    text = query.get(name, str(default))
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= MOST_DIGITS):
        raise InvalidValueException(detail=f"{name} must be a number")
    return int(text)


def _condition(text: str) -> Q:
    if len(text) > LONGEST_FILTER or "\0" in text:
        raise InvalidFilterException(detail=f"a filter has at most {LONGEST_FILTER} characters, and no NUL")
    node = ScimFilter[ScimUser](text).ast
    if isinstance(node, ValuePath) and node.attr_path.attr.lower() == "emails":
        return _of_email(node)
    if not isinstance(node, Comparison):
        raise InvalidFilterException(detail=OFFERED)
    return _compared(str(node.attr_path.attr), node.attr_path.sub_attr, node)


def _of_email(node: ValuePath) -> Q:
    """`emails[type eq "work"].value eq "…"`, as Entra ID sends it. Every address that is kept is for work."""
    inner = node.val_filter
    terms = inner.terms if isinstance(inner, LogicalExpr) and inner.op == LogicalOperator.and_ else (inner,)
    condition = Q()
    for term in terms:
        if not isinstance(term, Comparison) or term.op != CompareOperator.eq:
            raise InvalidFilterException(detail=OFFERED)
        if term.attr_path.attr.lower() == "type":
            condition &= Q() if str(term.value).lower() == "work" else Q(pk__in=[])
        else:
            condition &= _compared("emails", term.attr_path.attr, term)
    return condition


def _compared(name: str, part: str | None, node: Comparison) -> Q:
    """The condition of `name.part eq value`."""
    value = node.value
    if node.op != CompareOperator.eq or not isinstance(value, str) or "\0" in value:
        raise InvalidFilterException(detail=OFFERED)
    match (name.lower(), (part or "").lower()):
        case ("username", ""):
            return Q(user_name__iexact=value)
        case ("externalid", ""):
            return Q(external_id=value)
        case ("emails", "" | "value"):
            return Q(email=normal(value))
        case ("id", ""):
            return Q(pk=number) if (number := uuid_of(value)) else Q(pk__in=[])
    raise InvalidFilterException(detail=OFFERED)


def uuid_of(text: str) -> UUID | None:
    """The number of a person, if `text` is one in the form that we give out."""
    try:
        number = UUID(text)
    except ValueError:
        return None
    return number if str(number) == text.lower() else None
