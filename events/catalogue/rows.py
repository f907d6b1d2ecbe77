"""The rows of the catalogue: their bounds, and the SQL that adds them."""

from datetime import UTC, date, datetime

# What there is room for in one environment. The events of the largest sites have some thousands of names; a page that
# searches these takes some milliseconds. Whoever sends more can still ask about all of it, by typing its name.
MOST_NAMES = 5_000  # kinds and names of events
MOST_KEYS = 5_000  # names of properties
MOST_PAIRS = 20_000  # of an event and a property, in one month
# Of both in all months, about 190 bytes each: whoever knows an app_id may send events of every month since 2000. The
# count makes room, and leaves out the oldest months for it; what comes before that has to fit into the rest.
MOST_ROWS = 200_000
ROWS_AFTER_COUNT = 150_000
FEW_ROWS = 50_000  # with so few, months that were left out are counted again

PERSON = "person"  # the kind that stands for people
OF_PEOPLE = date(1, 1, 1)  # the month that stands for people, who are of all months

ADD = """
select owner, of_month, left_events, left_values
  from add_to_catalogue(%(rows)s::json, %(names)s, %(keys)s, %(pairs)s, %(rows_in_all)s)
"""
BOUNDS = {"names": MOST_NAMES, "keys": MOST_KEYS, "pairs": MOST_PAIRS, "rows_in_all": MOST_ROWS}


def month_of(moment: datetime) -> date:
    moment = moment.astimezone(UTC)
    return date(moment.year, moment.month, 1)


def following(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
