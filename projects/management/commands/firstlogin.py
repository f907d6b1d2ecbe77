"""`manage.py firstlogin`: print a one-time link with which the first staff login is made."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from projects import first_login


class Command(BaseCommand):
    help = (
        "Print a link, good once and for an hour, with which the first staff login is made. Earlier ones stop working."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            link = first_login.offer()
        except first_login.StaffExists:
            raise CommandError(
                "There is a staff login already. It lets others in; grantadmin lets back in who is locked out."
            ) from None
        self.stdout.write(link)
        self.stderr.write("Good once, for an hour. Whoever opens it runs this installation: hand it over in private.")
