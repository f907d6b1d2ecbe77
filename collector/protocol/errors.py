"""The exceptions raised while a request is read. Each holds the reason that is answered."""

import json

from collector.protocol.answers import Answer

SHOWN_CHARACTERS = 60
NO_OBJECT = "must be an object"  # a line about all of an item, whose name comes before it


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
        return BadField(name + (" " if self.line == NO_OBJECT else ".") + self.line)


def shown(text: str) -> str:
    """`text` of a request, made safe for an error line: quoted, ASCII, on one line, shortened."""
    return json.dumps(text if len(text) <= SHOWN_CHARACTERS else text[:SHOWN_CHARACTERS] + "...")
