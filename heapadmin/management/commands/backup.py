"""`manage.py backup`: write everything of Heapadmin's in the database to a file."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from heapadmin.backups import dump, schedule
from heapadmin.postgres import PostgresError
from support.models import BackupKind


class Command(BaseCommand):
    help = "Write a backup of the database; Heapadmin may be running."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file",
            type=Path,
            nargs="?",
            help="default: one of those that the schedule makes, in BACKUP_DIR; without BACKUP_DIR, in this folder",
        )
        parser.add_argument("--base", action="store_true", help="a base backup, into WAL_ARCHIVE_DIR")

    def handle(self, **options: Any) -> None:
        file, kind = options["file"], BackupKind.BASE if options["base"] else BackupKind.DUMP
        if options["base"] and not (settings.PRIVATE_DATABASE and settings.WAL_ARCHIVE_DIR):
            raise CommandError("Only the private database has base backups, and only with WAL_ARCHIVE_DIR.")
        try:
            with dump.database_at_hand():
                if options["base"] or (file is None and settings.BACKUP_DIR):
                    made = schedule.make(kind)
                    file, size = made.name, made.bytes or 0
                else:
                    file = file or Path(f"heapadmin-{datetime.now(UTC):%Y-%m-%d-%H%M%S}.backup")
                    size = dump.write(file)
        except (dump.BackupError, schedule.AnotherRuns, PostgresError) as error:
            raise CommandError(str(error)) from error
        except schedule.BackupFailed:  # the log says why
            sys.exit(1)
        self.stdout.write(f"{file}: {size / 2**20:,.1f} MiB")
