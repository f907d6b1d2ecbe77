"""`manage.py sampledata`: fill an environment with made-up events."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.counted import counted
from heapadmin import sample
from projects.models import Environment


class Command(BaseCommand):
    help = "Write 90 days of made-up events of a shop into an environment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--app-id", required=True)

    def handle(self, **options: Any) -> None:
        environment = Environment.objects.filter(app_id=options["app_id"]).first()
        if environment is None:
            raise CommandError(f"No environment has the app_id {options['app_id']}.")
        teammate = environment.project.account.memberships.full_access().order_by("pk").first()
        if teammate is None:
            raise CommandError("Nobody may change anything in that account.")
        made = sample.fill(environment, teammate.user)
        self.stdout.write(f"{counted(made, 'event')} written into {environment.project} › {environment}.")
