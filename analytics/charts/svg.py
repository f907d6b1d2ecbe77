"""SVG as text: elements, their attributes and escaping, and nothing that knows of charts."""

from collections.abc import Iterable

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

Attribute = str | float | None


def number(value: float) -> str:
    """At most two decimals, no trailing zeros: a hundredth of a percent is less than a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(value: float) -> str:
    return f"{number(value)}%"


def element(name: str, *children: str, **attributes: Attribute) -> SafeString:
    """`<name …>children</name>`. Children that are not safe are escaped, as are values; None leaves one out.

    A trailing underscore is cut off (`class_`), other underscores become dashes (`text_anchor`).
    """
    parts = [name]
    for key, value in attributes.items():
        if value is not None:
            text = value if isinstance(value, str) else number(value)
            parts.append(f'{key.rstrip("_").replace("_", "-")}="{conditional_escape(text)}"')
    inner = "".join(conditional_escape(child) for child in children)
    return mark_safe(f"<{' '.join(parts)}>{inner}</{name}>")  # noqa: S308  every part is escaped above


def together(children: Iterable[str]) -> SafeString:
    """Children one after another."""
    return mark_safe("".join(conditional_escape(child) for child in children))  # noqa: S308


def stretched(*children: str, class_: str = "") -> SafeString:
    """An inner drawing from 0 to 100 in both directions that is stretched over the whole plot."""
    return element(
        "svg",
        *children,
        viewBox="0 0 100 100",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
        class_=class_ or None,
    )


def points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{number(x)},{number(y)}" for x, y in places)
