#!/usr/bin/env python
"""Heapadmin's management commands; `python manage.py help` lists them."""

import os
import sys

SERVING = ("procrastinate", "runserver")


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415  # it may be missing: see below
        from django.db import OperationalError  # noqa: PLC0415
    except ModuleNotFoundError as error:
        sys.exit(f"{error}. Use .venv/bin/python, which `make run` and `make test` prepare.")

    from heapadmin.deployment import refuse_wrong_settings  # noqa: PLC0415  # as above

    refuse_wrong_settings()
    try:
        if sys.argv[1:2] and sys.argv[1] in SERVING:
            from heapadmin.upgrades import refuse_in_words  # noqa: PLC0415  # as above

            refuse_in_words()
        execute_from_command_line(sys.argv)
    except OperationalError as error:
        sys.exit(_in_words(error))


def _in_words(error: Exception) -> str:
    """What to do about a database that does not answer."""
    from django.conf import settings  # noqa: PLC0415  # as above

    if settings.PRIVATE_DATABASE and not (settings.DATA_DIR / "postgres").exists():
        return f"There is no database in {settings.DATA_DIR} yet: start it with `make run`, or set DATABASE_URL."
    if settings.PRIVATE_DATABASE:
        return f"The private PostgreSQL does not answer: start it with `make run` in another terminal.\n{error}"
    return f"The server that DATABASE_URL names does not answer, or failed:\n{error}"


if __name__ == "__main__":
    main()
