"""Say whether an environment collects from an address, and which excluded IPs keep it out."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ipfilter.address_check import NoAddress, check, rules_for
from projects.models import Environment


class Command(BaseCommand):
    help = "Say whether an environment collects from an address, and which excluded IPs keep it out."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="an IPv4 or IPv6 address")
        parser.add_argument("--environment", required=True, metavar="APP_ID", help="the environment's app_id")

    def handle(self, *, address: str, environment: str, **options: Any) -> None:
        place = Environment.objects.select_related("project__account").filter(app_id=environment).first()
        if place is None:
            raise CommandError(f"There is no environment with the app_id {environment}.")
        try:
            checked = check(address, rules_for(place.project.account, place))
        except NoAddress as why:
            raise CommandError(f"{why}.") from None
        name = f"{place.project.account.name} › {place.project.name} › {place.name}"
        if not checked.hits:
            self.stdout.write(f"{checked.address} is let in: no excluded IP of {name} holds it.")
            return
        self.stdout.write(f"{checked.address} is kept out of {name}:")
        for hits in checked.hits:
            for rule in hits.rules:
                note = f" ({rule.note})" if rule.note else ""
                by = f" by {rule.added_by.email}" if rule.added_by else ""
                self.stdout.write(
                    f"  {rule.source}{note} in the list for {hits.scope}, added {rule.added_at:%Y-%m-%d}{by}"
                )
