"""DATABASE_URL and EMAIL_URL: each works, or is refused in a sentence that shows nothing of its password."""

import environ
import pytest

from heapadmin.given_settings.mail import mail_server
from heapadmin.given_settings.reader import SettingsReader


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("postgres://h@%2Frun%2Fpg/heap", {"HOST": "/run/pg", "NAME": "heap", "USER": "h"}),
        ("postgres://h@//run/pg/heap", {"HOST": "/run/pg", "NAME": "heap"}),
        ("postgres:///heap?host=/run/pg", {"HOST": "/run/pg", "NAME": "heap"}),
        ("postgresql://h:p@[::1]:5433/heap", {"HOST": "::1", "PORT": "5433", "PASSWORD": "p"}),
        ("postgres://h:p@one:1,two:2/heap", {"HOST": "one,two", "PORT": "1,2"}),
        ("postgres://h@one/heap?sslmode=require&connect_timeout=3",
         {"OPTIONS": {"sslmode": "require", "connect_timeout": "3"}}),
        ("postgres://h:p@ss/w#rd%@one/heap", {"PASSWORD": "p@ss/w#rd%", "HOST": "one", "NAME": "heap"}),
        ("postgres://h:p%40ss%2Fw%23rd%25@one/heap", {"PASSWORD": "p@ss/w#rd%", "HOST": "one"}),
        ("postgres://h:1?w=x@one/heap", {"PASSWORD": "1?w=x", "HOST": "one", "NAME": "heap"}),
        ("postgres://ada@tenant:p@one/heap", {"USER": "ada@tenant", "PASSWORD": "p"}),
    ],
)  # fmt: skip
def test_a_database_is_found(read, url, found):
    default = read(DATABASE_URL=url)["DATABASES"]["default"]

    assert {name: default[name] for name in found} == found


@pytest.mark.parametrize(
    "url",
    [
        "mysql://h:hunter2@one/heap",
        "sqlite:///heap",
        "h:hunter2@one/heap",
        "postgres://h:hunter2@one",
        "postgres://h:hunter2@one:port/heap",
        "postgres://h:hunter2@one:70000/heap",
        "postgres://h:1?hun/ter2=x@one/heap",
        "postgres://h:hunter2@one/heap?colour=blue",
        "postgres://h:hunter2@one/heap/er",
    ],
)
def test_a_database_that_cannot_be_read_is_refused_without_its_password(refusal, url):
    words = refusal(DATABASE_URL=url)

    assert words.startswith("DATABASE_URL must look like this: postgres://user:password@host:5432/name. ")
    assert "hunter2" not in words
    assert "ter2" not in words


def test_mysql_is_named(refusal):
    assert "needs PostgreSQL (mysql:// is another database's)" in refusal(DATABASE_URL="mysql://h:p@one/heap")


# --- EMAIL_URL ------------------------------------------------------------------------------------------------------
PASSWORDS = {  # as it stands in EMAIL_URL: what it is
    "p#a@s/s?w:o%r&d": "p#a@s/s?w:o%r&d",
    "p%23a%40s%2Fs%3Fw%3Ao%25r%26d": "p#a@s/s?w:o%r&d",
    "100%": "100%",
    "%2541": "%41",
    "gr%C3%BCn": "grün",
    "a b": "a b",
}


@pytest.mark.parametrize("written", PASSWORDS)
def test_a_mail_password_may_hold_any_character(read, written):
    found = read(EMAIL_URL=f"smtp+tls://ada@shop.example:{written}@mail.example:587")

    assert found["EMAIL_HOST_PASSWORD"] == PASSWORDS[written]
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST"], found["EMAIL_PORT"]) == (
        "ada@shop.example",
        "mail.example",
        587,
    )


def test_the_file_of_settings_keeps_it_too(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("EMAIL_URL=smtp://ada:p#a '@/?%@mail.example\n")
    monkeypatch.setattr(environ.Env, "ENVIRON", {})

    environ.Env.read_env(tmp_path / ".env")

    found = mail_server(SettingsReader(environ.Env.ENVIRON).text("EMAIL_URL"))
    assert found["EMAIL_HOST_PASSWORD"] == "p#a '@/?%"


@pytest.mark.parametrize(
    ("url", "port", "ssl", "tls"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp://mail.example:2525/", 2525, False, False),
        ("smtp+tls://mail.example", 587, False, True),
        ("SMTPS://mail.example", 465, True, False),
        ("smtps://mail.example:465", 465, True, False),
        ("smtp+ssl://mail.example:4465", 4465, True, False),
    ],
)
def test_the_scheme_says_how_mail_is_encrypted(read, url, port, ssl, tls):
    found = read(EMAIL_URL=url)

    assert (found["EMAIL_PORT"], found["EMAIL_USE_SSL"], found["EMAIL_USE_TLS"]) == (port, ssl, tls)
    assert found["EMAIL_HOST_USER"] == ""


def test_a_mail_server_may_have_an_ipv6_address(read):
    assert read(EMAIL_URL="smtp://[::1]:25")["EMAIL_HOST"] == "::1"


@pytest.mark.parametrize(
    "url",
    [
        "mail.example:587",
        "http://ada:hunter2@mail.example",
        "hunter2",
        "hunter2://",
        "smtp://",
        "smtp://ada:hunter2",
        "smtp://ada:hunter2@",
        "smtp://ada:hunter2@mail.example:port",
        "smtp://ada:hunter2@mail.example:0",
        "smtp://ada:hunter2@mail.example:99999",
        "smtp://ada:hunter2@mail.example/inbox",
        "smtp://ada:hunter2%ff@mail.example",
        "smtps://ada:hunter2@mail.example:587",
        "smtp+tls://ada:hunter2@mail.example:465",
    ],
)
def test_a_mail_server_that_cannot_be_read_is_refused_without_its_password(refusal, url):
    words = refusal(EMAIL_URL=url)

    assert words.startswith("EMAIL_URL ")
    assert "hunter2" not in words


@pytest.mark.parametrize("name", ["DEFAULT_FROM_EMAIL", "SUPPORT_EMAIL"])
@pytest.mark.parametrize("address", ["Heapadmin", "Heapadmin <>", "a@b@c", "two words"])
def test_a_sender_is_an_address(refusal, name, address):
    assert refusal(**{name: address}).startswith(f"{name}={address} must be an e-mail address")
