"""The exceptions raised while a request is read. Each holds the reason that is answered."""

import json
import re

from collector.protocol.answers import Answer

SHOWN_CHARACTERS = 60
_NUMBER = re.compile(r"\[(\d+)\]")


class Refused(Exception):
    """The request is answered with `answer` and stores nothing."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class BadField(Exception):
    """A part of the body is wrong; `line` begins with its name. Becomes a 400."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line

    def within(self, name: str) -> "BadField":
        """The same error with the path from outside: within `events[3]` it is `events[3].event is missing`."""
        return BadField(f"{name}.{self.line}")

    def moved(self, count: int) -> "BadField":
        """The same error if the array that it begins with is read from the item `count` on."""
        return BadField(_NUMBER.sub(lambda found: f"[{int(found[1]) + count}]", self.line, count=1))


def shown(text: str) -> str:
    """`text` of a request, made safe for an error line: quoted, ASCII, on one line, shortened."""
    return json.dumps(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "...")
