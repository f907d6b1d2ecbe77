"""What an alert watches, and what it found, in sentences for pages, mails and webhooks."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from analytics.alerts.models import Alert, AlertRule, Figure, Watches
from analytics.alerts.reading import HOUR, LONGEST_SILENCE, FoundNumber
from analytics.definitions.glossary import Glossary, read_definitions
from analytics.models import Report, ReportKind
from analytics.questions.query import EventReference
from analytics.questions.spans import Bucket, Unit
from common.bidi import unturned
from common.charts.scales import full
from common.counted import counted
from projects.models import Environment


class Names:
    """What the lineages of an environment's alerts are called: two statements, however many alerts there are."""

    def __init__(self, environment: Environment, alerts: list[Alert]) -> None:
        reports = {each.lineage for each in alerts if each.watches == Watches.REPORT and each.lineage}
        definitions = {each.lineage for each in alerts if each.watches == Watches.DEFINITION and each.lineage}
        events = [EventReference.parse(each.event) for each in alerts if each.event]
        definitions |= {event.lineage for event in events if event.lineage}
        rows = Report.objects.filter(environment=environment, lineage__in=reports) if reports else ()
        self.reports: dict[UUID | None, Report] = {row.lineage: row for row in rows}
        self.glossary = Glossary(read_definitions(environment.pk, definitions) if definitions else {})

    def of(self, alert: Alert) -> str:
        """The report's, definition's or event's name."""
        if alert.watches == Watches.REPORT:
            report = self.reports.get(alert.lineage)
            return f"“{unturned(report.name)}”" if report else "a deleted report"
        if alert.watches == Watches.DEFINITION:
            named = self.glossary.definitions.get(alert.lineage) if alert.lineage else None
            return f"“{unturned(named.name)}”" if named else "a deleted definition"
        return f"“{self.glossary.event_label(EventReference.parse(alert.event))}”" if alert.event else ""

    def is_share(self, alert: Alert) -> bool:
        """Whether the number is a share, in percent."""
        report = self.reports.get(alert.lineage)
        return report is not None and report.kind == ReportKind.FUNNEL


def names_for(alert: Alert) -> Names:
    return Names(alert.environment, [alert])


def watched(alert: Alert, names: Names) -> str:
    """ "The number of “Signups” of each day is above 100. Over when it is below 80."."""
    if alert.watches == Watches.SILENCE:
        what = f"No event {names.of(alert)}" if alert.event else "No events at all"
        return f"{what} for {_lasting(alert.fires_at, 'hour')}."
    if alert.watches == Watches.DEFINITION:
        return f"The definition {names.of(alert)} has not matched for {_lasting(alert.fires_at, 'day')}."
    rule = AlertRule(alert.rule)
    number = "conversion" if names.is_share(alert) else "number"
    when = f"of each {alert.unit}" if alert.figure == Figure.INTERVAL else f"of its whole range, each {alert.unit},"
    words = f"The {number} of {names.of(alert)} {when} {rule.label} {_threshold(alert, alert.fires_at, names)}"
    if rule.is_of_difference:
        words += " against the period before"
    if alert.over_at == alert.fires_at:
        return f"{words}."
    side = "above" if rule is AlertRule.BELOW else "below" if not rule.is_of_difference else "by less than"
    over = "it is" if not rule.is_of_difference else f"it {_verb(rule)}"
    return f"{words}. Over when {over} {side} {_threshold(alert, alert.over_at, names)}."


def _verb(rule: AlertRule) -> str:
    return rule.label.removesuffix(" by more than")


def _threshold(alert: Alert, number: float, names: Names) -> str:
    if AlertRule(alert.rule).is_of_difference and not alert.in_percent:
        return full(number) + (" percentage points" if names.is_share(alert) else "")
    return full(number) + (" %" if alert.in_percent or names.is_share(alert) else "")


def found(alert: Alert, reading: FoundNumber, names: Names) -> str:
    """What was found, in a sentence: "It was 135.", "It fell by 20 %, from 100 to 80."."""
    if reading.value is None:
        return "There was no number."
    if alert.watches == Watches.SILENCE:
        if reading.value >= LONGEST_SILENCE / HOUR:
            return f"There was none in {counted(LONGEST_SILENCE.days, 'day')}."
        return f"The last one came {_lasting(reading.value, 'hour')} before the end of the hour."
    if alert.watches == Watches.DEFINITION:
        return f"Its last match was {_lasting(reading.value, 'day')} before."
    share = " %" if names.is_share(alert) else ""
    if not AlertRule(alert.rule).is_of_difference:
        return f"It was {full(_rounded(reading.value))}{share}."
    by = _threshold(alert, _rounded(abs(reading.value)), names)
    verb = "rose" if reading.value > 0 else "fell"
    if reading.now is None:
        return f"It {verb} by {by}." if reading.value else "It stayed the same."
    both = f"from {full(_rounded(reading.before))}{share} to {full(_rounded(reading.now))}{share}"
    return (
        f"It {verb} by {by}, {both}." if reading.value else f"It stayed the same, {full(_rounded(reading.now))}{share}."
    )


def _rounded(number: float | None) -> float | int:
    """Two decimals are enough for people; none for whole numbers."""
    number = round(number or 0.0, 2)
    return int(number) if number == int(number) else number


def _lasting(amount: float, unit: str) -> str:
    """ "3 hours", "2 days"; hours of more than two days as days; minutes of less than an hour."""
    if unit == "hour" and amount < 1:
        return counted(round(amount * 60), "minute")
    if unit == "hour" and amount >= 48 and not amount % 24:
        return counted(int(amount / 24), "day")
    rounded = round(amount, 1)
    return counted(int(rounded) if rounded == int(rounded) else rounded, unit)


def interval_words(starts: datetime, ends: datetime, unit: str, zone: ZoneInfo) -> str:
    """ "Tue 3 Mar 2026", "Tue 3 Mar 2026, 14:00 to 15:00 CET", "Mon 2 Mar to Sun 8 Mar 2026"."""
    first, end = starts.astimezone(zone), ends.astimezone(zone)
    if unit == Unit.HOUR:
        return f"{_day(first)} {first.year}, {first:%H:%M} to {end:%H:%M %Z}"
    if unit == Unit.DAY:
        return f"{_day(first)} {first.year}"
    last = (ends - timedelta(seconds=1)).astimezone(zone)
    return f"{_day(first)} to {_day(last)} {last.year}"


def _day(moment: datetime) -> str:
    return f"{moment:%a} {moment.day} {moment:%b}"


def told(alert: Alert, interval: Bucket, reading: FoundNumber, names: Names) -> dict[str, object]:
    """What a change says, for good: AlertChange.told."""
    zone = ZoneInfo(alert.environment.project.time_zone)
    return {
        "name": alert.name,
        "watched": watched(alert, names),
        "words": found(alert, reading, names),
        "when": interval_words(interval.start, interval.end, alert.unit, zone),
        "value": reading.value,
        "starts": interval.start.isoformat(),
        "ends": interval.end.isoformat(),
    }
