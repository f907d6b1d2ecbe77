"""`manage.py standalone`: run Heapadmin on this machine, with PostgreSQL, pages, collector and jobs."""

import sys
from contextlib import suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from heapadmin.datafolder import FolderInUse
from heapadmin.postgres import PostgresError
from heapadmin.standalone.port import CannotListen
from heapadmin.standalone.run import CannotStart, run
from heapadmin.system_user import Unreachable


class Command(BaseCommand):
    help = "Run everything on this machine: PostgreSQL (unless DATABASE_URL is set), pages, collector and jobs."
    requires_system_checks = []  # `migrate` runs them later, when the database is up

    def handle(self, **options: Any) -> None:
        try:
            run(self._say)
        except (CannotStart, FolderInUse, CannotListen, PostgresError, Unreachable) as error:
            raise CommandError(str(error)) from error

    def _say(self, words: str) -> None:
        with suppress(OSError):  # the terminal may be closed; everything must still be stopped in order
            self.stdout.write(words)
            sys.stdout.flush()
