"""The units by which time is cut into pieces on axes and in questions."""

from enum import StrEnum


class Unit(StrEnum):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
