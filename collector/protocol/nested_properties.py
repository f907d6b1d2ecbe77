"""Properties that are not plain values: arrays become one text, objects names with dots, and long texts are cut."""

from typing import Any

import msgspec

from collector.protocol.errors import BadField, shown
from collector.protocol.limits import LARGEST_WHOLE, MAX_KEY, MAX_NESTED_NAMES, MAX_TEXT, SMALLEST_WHOLE
from collector.protocol.noted import Noted
from events.records import Properties

_encode = msgspec.json.Encoder().encode


def flattened(value: dict[str, Any], name: str, noted: Noted) -> Properties:
    """Return `value` with arrays joined by `||` and objects flattened: {"a": {"b": [1, "x"]}} is {"a.b": "1||x"}.

    Texts that are too long are cut and noted. Raises BadField if a name is too long, or a number too large. `name`
    stands for `value` in the error.
    """
    flat: Properties = {}
    room = MAX_NESTED_NAMES
    stack = [("", value)]
    while stack:
        prefix, items = stack.pop()
        for key, item in items.items():
            path = prefix + key
            if not 0 < len(path) <= MAX_KEY:
                raise BadField(f"{name} holds a name that has not 1 to {MAX_KEY:,} characters")
            if type(item) is dict:
                stack.append((path + ".", item))
                continue
            if type(item) is list:
                item = "||".join([_text(element) for element in item])
            if type(item) is str and len(item) > MAX_TEXT:
                item = item[: MAX_TEXT - 1] + "…"
                noted.texts_cut += 1
            if type(item) is int and not SMALLEST_WHOLE <= item <= LARGEST_WHOLE:
                raise BadField(f"{name}.{shown(path)} is a whole number of more than 64 bits")
            if prefix:
                room -= len(path)
                noted.grown += len(prefix)
            if room < 0:
                raise BadField(f"{name} is too large when its objects are flattened")
            flat[path] = item
    return flat


def _text(element: Any) -> str:
    """One element of an array: a text as it is, anything else as JSON."""
    if type(element) is str:
        return element
    try:
        return _encode(element).decode()
    except OverflowError:  # a whole number of more than 64 bits
        return str(element)
