"""`manage.py restore`: replace everything of Heapadmin's in the database with a backup."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from heapadmin.backups import dump, proof
from heapadmin.datafolder import FolderInUse
from heapadmin.postgres import PostgresError
from heapadmin.upgrades import CannotUpgrade, refuse_unknown
from support.models import Backup


class Command(BaseCommand):
    help = "Replace everything of Heapadmin's in the database by a backup. Stop Heapadmin first."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--check", action="store_true", help="only prove the file; no data of yours is touched")

    def handle(self, **options: Any) -> None:
        if options["check"]:
            self._check(options["file"])
            return
        if not options["yes"]:
            ask("All data of Heapadmin in the database will be replaced. Type yes: ")
        try:
            refuse_unknown(dump.migrations(options["file"]))
            with dump.database_to_ourselves("restore"):
                dump.read(options["file"])
                call_command("migrate", interactive=False, verbosity=0, without_backup=True)
                Backup.objects.filter(ended_at=None).delete()  # the one that made this file was running in it
        except (dump.BackupError, CannotUpgrade, FolderInUse, PostgresError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored from {options['file']}.")

    def _check(self, file: Path) -> None:
        try:
            refuse_unknown(dump.migrations(file))
            self.stdout.write(proof.prove(file).in_words())
        except (dump.BackupError, CannotUpgrade) as error:
            raise CommandError(str(error)) from error


def ask(words: str) -> None:
    """Go on only if somebody types yes. Raises CommandError."""
    try:
        answer = input(words)
    except EOFError as error:
        raise CommandError("Nothing has changed: nobody is there to answer. --yes restores without asking.") from error
    if answer.strip() != "yes":
        raise CommandError("Nothing has changed.")
