"""`manage.py correctseen`: when people were first and last seen, once more from their events."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.counted import counted
from events.seen import START, Place, correct_some

STEPS_PER_LINE = 100


class Command(BaseCommand):
    help = "Correct when people were first and last seen, from their events. It may be stopped, and run again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--after", default="", metavar="PLACE", help="continue after a place that it has printed")

    def handle(self, **options: Any) -> None:
        after: Place | None = _place(options["after"])
        people = corrected = steps = 0
        try:
            while after is not None:
                step = correct_some(after)
                people, corrected, steps = people + step.people, corrected + step.corrected, steps + 1
                after = step.after
                if after is not None and steps % STEPS_PER_LINE == 0:
                    self.stdout.write(f"{counted(people, 'person')}, {corrected:,} corrected, after {_text(after)}")
        except KeyboardInterrupt:
            go_on = f" Go on with --after {_text(after)}." if after is not None and steps else ""
            raise CommandError(
                f"{counted(people, 'person')}, {corrected:,} corrected. Stopped.{go_on}", returncode=130
            ) from None
        self.stdout.write(f"{counted(people, 'person')}, {corrected:,} corrected. Done.")


def _text(place: Place) -> str:
    return f"{place.environment_id}_{place.actor_id}"


def _place(text: str) -> Place:
    if not text:
        return START
    environment_id, _, actor_id = text.partition("_")
    try:
        return Place(int(environment_id), int(actor_id))
    except ValueError:
        raise CommandError("--after is a place that this command has printed, such as 7_-42.") from None
