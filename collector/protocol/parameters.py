"""The parameters of a beacon: a query string, and a form body of the same shape."""

import re
from itertools import zip_longest
from urllib.parse import parse_qsl

from collector.protocol.errors import BadField
from collector.protocol.limits import MAX_PARAMETERS

_NUMBERED = re.compile(r"(id|ts|[etnicxhykl])(0|[1-9][0-9]{0,3})")  # `t0`: parameter `t` of the event 0


class BeaconParameters:
    """Names with their values, of which a name may have several. Numbered events have parameters of their own."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._own: dict[str, list[str]] = {}
        self._numbered: dict[int, BeaconParameters] = {}
        for name, value in pairs:
            found = _NUMBERED.fullmatch(name)
            if found is None:
                self._own.setdefault(name, []).append(value)
            else:
                event = self._numbered.setdefault(int(found[2]), BeaconParameters([]))
                event._own.setdefault(found[1], []).append(value)

    def get(self, name: str) -> str | None:
        """The first value, or None. An empty one counts as missing."""
        values = self._own.get(name)
        return values[0] or None if values else None

    def __contains__(self, name: str) -> bool:
        return name in self._own

    def items(self) -> list[tuple[str, str]]:
        """The names that belong to no event, each with its last value."""
        return [(name, values[-1]) for name, values in self._own.items()]

    def pairs(self, name: str) -> dict[str, str]:
        """The values of `name`, which alternate between a name and a value. Raises BadField if a value is missing."""
        if len(self._own.get(name, ())) % 2:
            raise BadField(f"{name} must be repeated in pairs of a name and a value")
        return self.context(name)

    def context(self, name: str) -> dict[str, str]:
        """As `pairs`, but a last value that is missing is empty: other trackers leave it out."""
        values = self._own.get(name, [])
        return dict(zip_longest(values[::2], values[1::2], fillvalue=""))

    def events(self) -> list[tuple[int, "BeaconParameters"]]:
        """The numbered events in the order of their numbers."""
        return sorted(self._numbered.items(), key=lambda numbered: numbered[0])


def read(text: bytes) -> BeaconParameters:
    """Read the parameters of a query string, a form body, or both with "&" between, as UTF-8. Raises BadField."""
    try:
        pairs = parse_qsl(
            text.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS, separator="&"
        )
    except UnicodeDecodeError:
        raise BadField("the parameters must be percent-encoded UTF-8") from None
    except ValueError:
        raise BadField(f"the request holds more than {MAX_PARAMETERS:,} parameters") from None
    if b"%00" in text or b"\0" in text:
        raise BadField("the parameters hold a NUL character (%00)")
    return BeaconParameters(pairs)
