"""`manage.py reload`: servers that run go over to new code and settings, without a refused request."""

import io
import sys
import traceback
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from heapadmin import upgrades
from heapadmin.reload.roll import DOES_NOT_START, ReloadFailed, reload


class Command(BaseCommand):
    help = (
        "Let what runs here (make run, gunicorn, the jobs' worker) go over to the present code and settings. New "
        "workers serve before old ones end. If the new code does not start, the old one goes on, and this fails."
    )
    requires_system_checks = []  # they are made below

    def handle(self, **options: Any) -> None:
        try:
            _check()
            upgrades.refuse_pending()
            reload(self._say)
        except (ReloadFailed, upgrades.CannotUpgrade) as error:
            raise CommandError(str(error)) from error
        except OperationalError as error:
            raise CommandError(f"The database does not answer, so nothing was changed: {str(error).strip()}") from error

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        sys.stdout.flush()


def _check() -> None:
    """Raises CommandError or ReloadFailed. The check loads every view."""
    try:
        call_command("check", stdout=io.StringIO())
    except CommandError:
        raise
    except Exception as error:
        words = traceback.format_exc(limit=-1).strip()
        raise ReloadFailed(f"{DOES_NOT_START}:\n{words}") from error
