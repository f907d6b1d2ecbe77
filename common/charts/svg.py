"""SVG as text: elements, their attributes and escaping. Nothing here is about charts."""

from collections.abc import Iterable
from functools import lru_cache
from html import escape

from django.utils.safestring import SafeString

Attribute = str | float | None


def number(value: float) -> str:
    """A number with at most two decimals and no trailing zeros: a hundredth of a percent is less than a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def percent(value: float) -> str:
    return f"{number(value)}%"


def element(name: str, *children: str, **attributes: Attribute) -> SafeString:
    """`<name …>children</name>`. Unsafe children and values are escaped. An attribute of None is left out.

    In attribute names, a trailing underscore is cut off (`class_`) and others become dashes (`text_anchor`). Numbers
    and safe strings are not escaped again, because a chart has thousands of elements.
    """
    named = "".join(f' {_attribute(key)}="{_value(value)}"' for key, value in attributes.items() if value is not None)
    return SafeString(f"<{name}{named}>{''.join(map(_child, children))}</{name}>")


@lru_cache(maxsize=256)
def _attribute(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else number(value)


def _child(child: str) -> str:
    return child if isinstance(child, SafeString) else escape(child)


def together(children: Iterable[str]) -> SafeString:
    """The children, concatenated."""
    return SafeString("".join(map(_child, children)))


def stretched(*children: str, class_: str = "") -> SafeString:
    """An inner drawing with coordinates from 0 to 100, stretched over the whole plot."""
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
