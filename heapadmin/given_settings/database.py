"""DATABASE_URL: PostgreSQL's own library reads it, so whatever it knows works, such as sockets and several hosts."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from heapadmin.given_settings.reader import WrongSetting, shown

SCHEMES = ("postgres", "postgresql", "pgsql", "psql")
DJANGOS_NAMES = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
# A replica: questions have another server to go to.
SOON_GIVEN_UP = {"connect_timeout": 2, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
SOON_GIVEN_UP |= {"tcp_user_timeout": 10_000}
FORM = "DATABASE_URL must look like this: postgres://user:password@host:5432/name"
# user, password and the rest. A password with a raw ? is left to libpq, which takes it unless @ or / are in it too.
LOGIN = re.compile(r"([^:/?]*)(?::([^?]*))?@([^?@]*(?:\?.*)?)", re.DOTALL)

# What every session begins with, whatever a database or a role has of its own: psycopg reads times in one form only.
# They are variables that libpq itself reads, so they hold for each connection, and for pg_dump and psql.
SESSION = {"PGDATESTYLE": "ISO, MDY", "PGTZ": "UTC", "PGCLIENTENCODING": "UTF8"}


def database(url: str) -> dict[str, Any]:
    """Django's settings for the database named by `url`. Raises WrongSetting, which shows nothing of a password."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        kind = f" ({shown(scheme)}:// is another database's)" if separator and re.fullmatch("[A-Za-z]+", scheme) else ""
        raise WrongSetting(f"{FORM}. Heapadmin needs PostgreSQL{kind}.")
    try:
        given = conninfo_to_dict(f"postgresql://{_escaped(rest)}")
    except psycopg.Error:  # its message may show a part of the password
        raise WrongSetting(f"{FORM}. PostgreSQL cannot read it, or knows no such option. {_advice(rest)}") from None
    if "host" not in given and str(given.get("dbname", "")).startswith("/"):  # a socket, as older versions wrote it
        given["host"], _, given["dbname"] = str(given["dbname"]).rpartition("/")
    if not (given.get("dbname") or given.get("service")):
        raise WrongSetting(f"{FORM}. It has no name of a database at its end.")
    ports = [port for port in str(given.get("port", "")).split(",") if port]
    if not all(port.isascii() and port.isdecimal() and 0 < int(port) < 2**16 for port in ports):
        raise WrongSetting(f"{FORM}. Its port is no number from 1 to 65,535. {_advice(rest)}")
    if re.search("[/@]", str(given.get("dbname", ""))) and "%" not in rest:
        raise WrongSetting(f"{FORM}. {_advice(rest)}")
    named = {ours: given.pop(theirs, "") for theirs, ours in DJANGOS_NAMES.items()}
    return {"ENGINE": "django.db.backends.postgresql", **named, "OPTIONS": given}


def direct(url: str) -> dict[str, Any]:
    """The same for DATABASE_DIRECT_URL."""
    return _named("DATABASE_DIRECT_URL", url)


def replica(url: str) -> dict[str, Any]:
    """The same for DATABASE_REPLICA_URL. Questions have another server to go to, so they soon give this one up."""
    found = _named("DATABASE_REPLICA_URL", url)
    return found | {"OPTIONS": {**SOON_GIVEN_UP, **found["OPTIONS"]}}


def _named(setting: str, url: str) -> dict[str, Any]:
    try:
        return database(url)
    except WrongSetting as error:
        raise WrongSetting(str(error).replace("DATABASE_URL", setting)) from None


def refuse_direct_url_alone(url: str, direct_url: str) -> None:
    """Raises WrongSetting if there is a way past a pooler, and no pooler."""
    if direct_url and not url:
        raise WrongSetting("DATABASE_DIRECT_URL leads past a pooler: DATABASE_URL must name that pooler.")


def refuse_archive_of_others(url: str, archive: Path | None) -> None:
    """Raises WrongSetting if a server that we did not start is to archive what it writes."""
    if url and archive:
        raise WrongSetting("WAL_ARCHIVE_DIR is for the private database, and DATABASE_URL names another: unset one.")


def refuse_replica_url_alone(url: str, replica_url: str) -> None:
    """Raises WrongSetting if there is a replica of the private server, which lets nobody copy it."""
    if replica_url and not url:
        raise WrongSetting("DATABASE_REPLICA_URL needs DATABASE_URL, which must name the server that is copied.")


def _escaped(rest: str) -> str:
    """The same for a reader that takes no `@`, `/` or lone `%` in a password. What is escaped already stays."""
    found = LOGIN.fullmatch(rest)
    if found is None:
        return rest
    user, password, place = found.groups()
    login = _part(user) if password is None else f"{_part(user)}:{_part(password)}"
    return f"{login}@{place}"


def _part(text: str) -> str:
    return quote(re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text), safe="%")


def _advice(rest: str) -> str:
    return "In a password, write ? as %3F, and % as %25." if "@" in rest else ""
