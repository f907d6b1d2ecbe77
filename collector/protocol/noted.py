"""What was noticed in a request beside its records, such as what was changed so that it could be taken.

The Collection page counts it, and the answer says what was changed.
"""

from msgspec import Struct, field

MOST_LISTED = 100  # of the items that a partial request is answered with


class Noted(Struct):
    """Filled in while the records of a request are read."""

    texts_cut: int = 0
    grown: int = 0  # bytes that are stored several times and were sent once, about
    nobodies: int = 0  # identities that name nobody (nobody.py)
    protobufs: int = 0  # requests in a form that is not read here
    is_robot: bool = False  # all events are a robot's (common/user_agent.py)
    is_partial: bool = False  # the sender asked to have the good items stored although others are bad
    refused: int = 0  # of its items, if it is partial
    listed: list[tuple[int, str]] = field(default_factory=list)  # the first of these: place and what is wrong

    def __bool__(self) -> bool:
        return bool(self.texts_cut or self.nobodies or self.protobufs or self.refused or self.is_robot)

    def refuse(self, place: int, line: str) -> None:
        self.refused += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append((place, line))
