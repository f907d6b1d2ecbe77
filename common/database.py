"""Where the collector's own connections go: to Django's database."""

from django.db import connection
from psycopg.conninfo import make_conninfo


def conninfo() -> str:
    """What psycopg needs to connect to the default database, as settings (or a test run) name it."""
    settings = connection.settings_dict
    known = {
        "dbname": settings["NAME"],
        "user": settings["USER"],
        "password": settings["PASSWORD"],
        "host": settings["HOST"],
        "port": settings["PORT"],
    }
    options = {name: value for name, value in settings["OPTIONS"].items() if isinstance(value, str | int)}
    given = {name: value for name, value in known.items() if value not in ("", None)}
    return make_conninfo("", **given, **options)
