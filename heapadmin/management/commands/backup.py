"""`manage.py backup`: write everything of Heapadmin's in the database to a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from heapadmin import backup
from heapadmin.postgres import PostgresError


class Command(BaseCommand):
    help = "Write a backup of the database to a file; Heapadmin may be running."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, nargs="?", help="default: heapadmin-<date>.backup in this folder")

    def handle(self, **options: Any) -> None:
        file = options["file"] or Path(f"heapadmin-{datetime.now(UTC):%Y-%m-%d-%H%M%S}.backup")
        try:
            with backup.database_at_hand():
                size = backup.write(file)
        except (backup.BackupError, PostgresError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{file}: {size / 2**20:,.1f} MiB")
