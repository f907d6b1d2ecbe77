"""`manage.py migrate`: Django's, which refuses a newer database, and makes a backup before it changes one in use."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import DEFAULT_DB_ALIAS, connection

from heapadmin import old_code, upgrades


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--without-backup", action="store_true", help="make no backup first")

    def handle(self, *args: Any, **options: Any) -> None:
        without_backup = options.pop("without_backup")
        changes = not (options["plan"] or options["check_unapplied"])
        if options["database"] != DEFAULT_DB_ALIAS or not changes:
            super().handle(*args, **options)
            return
        try:
            upgrades.refuse_unfit_server()
            connection.ensure_connection()  # fails in Django's words
            with upgrades.one_at_a_time(self._say):
                upgrades.refuse_a_newer_database()
                if options["app_label"] is None:
                    upgrades.prepare(self._say, with_backup=not without_backup)
                old_code.note()
                super().handle(*args, **options)
        except upgrades.CannotUpgrade as error:
            raise CommandError(str(error)) from error

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()
