"""`manage.py createaccount`: create a login with an account, project and Production, from a script."""

import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from projects.new_account import open_with_login


class Command(BaseCommand):
    help = "Make a login, an account, a first project and its Production environment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--password", required=True)
        parser.add_argument("--account", required=True, help="the account's name")
        parser.add_argument("--project", default="", help="the first project's name; the account's when left out")
        parser.add_argument("--app-id", default="", help="Production's app_id, one from Heap; a new one when left out")
        parser.add_argument("--staff", action="store_true", help="the login may use the staff's admin too")
        parser.add_argument("--json", action="store_true", help="print the ids as JSON")

    def handle(self, **options: Any) -> None:
        account_name = options["account"].strip()
        if not account_name:
            raise CommandError("--account must be a name.")
        try:
            opened = open_with_login(
                email=options["email"],
                password=options["password"],
                account_name=account_name,
                project_name=options["project"].strip() or account_name,
                staff=options["staff"],
                app_id=options["app_id"],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        made = opened.as_json()
        if options["json"]:
            self.stdout.write(json.dumps(made))
            return
        self.stdout.write(f"{opened.user.email} may sign in to the account {account_name}.")
        for environment in made["environments"]:
            self.stdout.write(f"app_id of {environment['name']}: {environment['app_id']}")
