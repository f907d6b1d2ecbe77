"""Empty settings, numbers and switches; and how a start ends that cannot be."""

import runpy

import environ
import pytest
from django.conf import settings

from tests.heapadmin.given_settings.given import KEY, start


def test_an_empty_setting_is_one_that_is_left_out(read, monkeypatch):
    empty = read()
    monkeypatch.setattr(environ.Env, "ENVIRON", {"DATA_DIR": str(empty["DATA_DIR"])})
    left_out = runpy.run_path(str(settings.BASE_DIR / "heapadmin/settings.py"))

    others = {"SECRET_KEY", "GIVEN_ENVIRONMENT"}  # random, and what was given
    differ = {name for name in empty if name.isupper() and name not in others and empty[name] != left_out[name]}
    assert differ == set()
    assert (empty["PORT"], empty["WEB_WORKERS"], empty["HOST"]) == (8000, 2, "127.0.0.1")


def test_a_folder_for_data_is_used_if_none_is_named(read):
    assert read(DATA_DIR=" ", SECRET_KEY=KEY)["DATA_DIR"] == settings.BASE_DIR / "var"


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "check", "--deploy"],
        ["manage.py", "standalone"],
        ["-m", "gunicorn", "-c", "python:heapadmin.gunicorn_conf"],
        ["-m", "gunicorn", "-c", "python:heapadmin.gunicorn_wsgi_conf"],
    ],
)
def test_what_starts_heapadmin_says_the_sentence_and_nothing_else(command, tmp_path):
    result = start(command, PORT="eighty", DATA_DIR=str(tmp_path))

    assert result.returncode == 1
    assert result.stderr == "PORT=eighty must be a whole number from 1 to 65,535.\n"
    assert result.stdout == ""


def test_a_data_folder_that_cannot_be_made_is_named(refusal, tmp_path):
    (tmp_path / "file").write_text("")

    assert refusal(DATA_DIR=str(tmp_path / "file" / "data")).startswith(f"DATA_DIR={tmp_path}/file/data cannot be used")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "8000x"),
        ("PORT", "8000.0"),
        ("PORT", "-1"),
        ("PORT", "٨٠٠٠"),
        ("WEB_WORKERS", "0"),
        ("WEB_WORKERS", "two"),
        ("EVENTS_PER_SECOND", "-1"),
        ("PERSON_PROPERTIES", "0"),
        ("PERSON_BYTES", "64k"),
        ("QUESTIONS_AT_ONCE", "0"),
        ("EVENTS_MONTHS", "121"),
        ("SLOW_QUESTION_SECONDS", "0.5"),
        ("INVITATION_DAYS", "99999999999"),
        ("SESSION_DAYS", "0"),
        ("INVITATIONS_PER_HOUR", "many"),
    ],
)
def test_a_number_is_within_its_bounds(refusal, name, text):
    assert refusal(**{name: text}).startswith(f"{name}={text} must be a whole number from ")


def test_numbers_at_their_bounds_hold(read):
    found = read(PORT=" 65535 ", WEB_WORKERS="1", EVENTS_PER_SECOND="0")

    assert (found["PORT"], found["WEB_WORKERS"], found["EVENTS_PER_SECOND"]) == (65535, 1, 0)


@pytest.mark.parametrize("word", ["on", "On", "true", "YES", "1"])
def test_words_that_switch_on(read, word):
    assert read(DEBUG=word)["DEBUG"] is True


@pytest.mark.parametrize("word", ["off", "False", "no", "0"])
def test_words_that_switch_off(read, word):
    assert read(SIGNUP_OPEN=word)["SIGNUP_OPEN"] is False


def test_a_mistyped_switch_is_not_taken_for_off(refusal):
    assert refusal(PRODUCTION="onn") == "PRODUCTION=onn must be on or off."


@pytest.mark.parametrize(
    ("text", "expected"), [("", (2, 37)), ("0:00", (0, 0)), ("23:59", (23, 59)), (" 04:05 ", (4, 5))]
)
def test_a_time_of_the_day(read, text, expected):
    at = read(BACKUP_AT=text)["BACKUP_AT"]

    assert (at.hour, at.minute) == expected


@pytest.mark.parametrize("text", ["24:00", "4", "04:60", "4pm", "٠٤:٠٥"])
def test_what_is_no_time_of_the_day(refusal, text):
    assert refusal(BACKUP_AT=text) == f"BACKUP_AT={text} must be a time of the day in UTC, from 00:00 to 23:59."


def test_a_folder_is_named_in_full(read, refusal):
    assert read(BACKUP_DIR="")["BACKUP_DIR"] is None
    assert str(read(BACKUP_DIR="/srv/backups")["BACKUP_DIR"]) == "/srv/backups"
    assert refusal(BACKUP_DIR="backups").startswith("BACKUP_DIR=backups must be the whole path of a folder")


def test_a_server_of_ones_own_is_not_archived_by_us(refusal):
    found = refusal(DATABASE_URL="postgres://ada@127.0.0.1/shop", WAL_ARCHIVE_DIR="/srv/archive")

    assert found == "WAL_ARCHIVE_DIR is for the private database, and DATABASE_URL names another: unset one."
