"""What groups by a property are called. Pages set names that are no values apart from values that look like them."""

from analytics.questions.conditions import Field, read_value

NO_VALUE_LABEL = "(none)"
EMPTY_LABEL = "(empty)"


def group_label(by: Field, key: str | None) -> str:
    """The name of a group by its value; None is no value at all."""
    return NO_VALUE_LABEL if key is None else read_value(by, key) or EMPTY_LABEL


def rest_label(groups: int) -> str:
    """The name of all groups but the largest: never the word of a value, such as "other"."""
    return f"everything else ({groups:,})"
