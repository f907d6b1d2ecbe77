"""`manage.py sendtestmail ada@example.com`: send a mail by the settings, and say what the mail server answered."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common import mail_trial
from common.addresses import check, normal

SECONDS = 30  # for everything together


class Command(BaseCommand):
    help = "Send a mail to an address by the settings EMAIL_URL and DEFAULT_FROM_EMAIL, and say what became of it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--seconds", type=int, default=SECONDS, help=f"how long to try; {SECONDS} when left out")

    def handle(self, *args: Any, address: str, seconds: int, **options: Any) -> None:
        address = normal(address)
        try:
            check(address)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if seconds < 1:
            raise CommandError("--seconds must be 1 or more.")
        try:
            self.stdout.write(mail_trial.send(address, seconds))
        except mail_trial.NotSent as error:
            raise CommandError(str(error)) from None
