"""The places of a funnel's numbers: "<what>.<side>.<step>.<part>".

what   "reached", people who reached the step; "lost", who reached the step before and not this; or a share,
       "previous" or "first", of those who reached the step before, or the first
side   of a comparison the number of its side; else the group (NumberPlace.check_group)
step   its number from 0
part   "all"; over time a bucket's number from 0, whose people began in it; of times to convert a bin's
"""

from analytics.questions.behind import ALL

REACHED, LOST, PREVIOUS, FIRST = "reached", "lost", "previous", "first"


def number_place(what: str, side: str, step: int | str, part: int | str = ALL) -> str:
    return f"{what}.{side}.{step}.{part}"
