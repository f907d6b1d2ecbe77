"""Creates the first account on an empty database, so that a new operator can sign in."""

import secrets
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.models import User
from projects.models import Environment
from projects.new_account import open_with_login

EMAIL = "admin@localhost"
ACCOUNT_NAME = "My company"
PROJECT_NAME = "Sample shop"
LETTERS = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # no characters that look alike
LETTERS_IN_A_PASSWORD = 16
LOCK_NUMBER = 7_420_731_001  # for pg_advisory_xact_lock, because two machines may start on one empty database


@dataclass(frozen=True)
class FirstLogin:
    """The login that the operator sees once: its password is stored nowhere else in plain text."""

    user: User
    password: str
    environment: Environment

    def in_words(self) -> str:
        return f"  e-mail    {self.user.email}\n  password  {self.password}   (shown this once)"


def make_first_account() -> FirstLogin | None:
    """Create the first account, with a staff login and a sample project. None if there are users already."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_NUMBER])
        if User.objects.exists():
            return None
        password = "".join(secrets.choice(LETTERS) for _ in range(LETTERS_IN_A_PASSWORD))
        opened = open_with_login(
            email=EMAIL, password=password, account_name=ACCOUNT_NAME, project_name=PROJECT_NAME, staff=True
        )
        return FirstLogin(opened.user, password, opened.project.environments.get())
