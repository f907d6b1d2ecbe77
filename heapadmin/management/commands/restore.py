"""`manage.py restore`: replace everything in the database with a backup."""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from heapadmin import backup
from heapadmin.datafolder import FolderInUse
from heapadmin.postgres import PostgresError
from heapadmin.upgrades import CannotUpgrade, refuse_unknown


class Command(BaseCommand):
    help = "Replace everything in the database by a backup. Stop Heapadmin first."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, **options: Any) -> None:
        if not options["yes"] and input("All data in the database will be replaced. Type yes: ").strip() != "yes":
            raise CommandError("Nothing has changed.")
        try:
            refuse_unknown(backup.migrations(options["file"]))
            with backup.database_to_ourselves("restore"):
                backup.read(options["file"])
                call_command("migrate", interactive=False, verbosity=0, without_backup=True)
        except (backup.BackupError, CannotUpgrade, FolderInUse, PostgresError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Restored from {options['file']}.")
