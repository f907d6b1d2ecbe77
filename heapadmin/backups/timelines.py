"""PostgreSQL's timelines: the way on which the private database came to where it is. Each recovery begins a new one."""

from dataclasses import dataclass
from pathlib import Path

LogPosition = tuple[int, int]  # in the write-ahead log; as text "2/8F000028"


def position(text: str) -> LogPosition:
    high, low = text.split("/")
    return int(high, 16), int(low, 16)


@dataclass(frozen=True)
class Timelines:
    """The number of the present one, and where earlier ones on its way were left, by number."""

    present: int
    left_at: dict[int, LogPosition]

    @classmethod
    def of(cls, data: Path) -> "Timelines":
        """Of the cluster whose files are in `data`: each timeline but the first writes down its way."""
        histories = sorted((data / "pg_wal").glob("*.history"))
        if not histories:
            return cls(1, {})
        lines = [line.split() for line in histories[-1].read_text().splitlines()]
        left_at = {int(words[0]): position(words[1]) for words in lines if words and words[0].isdecimal()}
        return cls(int(histories[-1].stem, 16), left_at)

    def lead_from(self, timeline: int, at: LogPosition) -> bool:
        """Whether they lead from there to the present."""
        return timeline == self.present or (timeline in self.left_at and at <= self.left_at[timeline])
