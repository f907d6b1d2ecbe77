"""`manage.py recover`: bring the private database back to what it held at a moment."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from heapadmin.backups import recovery
from heapadmin.datafolder import FolderInUse
from heapadmin.management.commands.restore import ask
from heapadmin.postgres import PostgresError

LATEST = "latest"


class Command(BaseCommand):
    help = "Bring the private database back to what it held at a moment, from WAL_ARCHIVE_DIR. Stop Heapadmin first."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "moment", help=f"in UTC, such as 2026-03-17T14:05:00; or {LATEST}, for all that was archived"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, **options: Any) -> None:
        moment = _moment(options["moment"])
        if not options["yes"]:
            ask("The database will be as it was at that moment; what came later is put aside. Type yes: ")
        try:
            aside = recovery.recover(moment, self._say)
        except (recovery.CannotRecover, FolderInUse, PostgresError) as error:
            raise CommandError(f"Nothing has changed: {error}") from error
        kept = f" Its former files are in {aside}; delete them when all is well." if aside else ""
        self._say(f"The database is as it was at {options['moment']}.{kept}")

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()


def _moment(text: str) -> datetime | None:
    if text == LATEST:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text} is no moment. Write it like this: 2026-03-17T14:05:00 (UTC).") from error
    moment = given if given.tzinfo else given.replace(tzinfo=UTC)
    if moment > datetime.now(UTC):
        raise CommandError(f"{text} is in the future.")
    return moment
