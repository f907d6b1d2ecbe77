"""Each setting works, or is refused in a sentence that names it and shows no secret."""

import re
import runpy
import socket
import subprocess
import sys
import urllib.request

import environ
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from heapadmin.given_settings import checks
from heapadmin.standalone.port import listen
from tests.heapadmin.running import Installation
from tests.ports import free_port
from tests.servers import CollectingServer, manage, served_database

NAMES = re.findall(r"^#?([A-Z_]+)=", (settings.BASE_DIR / ".env.example").read_text(), re.MULTILINE)
KEY = "t5oVXkq-3sWb8yGmJ0uNfRzA7cHdPiLEQ1wxM4vK"
ASK = """
from support.status.checks import ask, base_url, probes
print(base_url(), *[ask(base_url(), probe).state.name for probe in probes()])
"""
SAFE = {"PRODUCTION": "on", "SECRET_KEY": KEY, "SITE_URL": "https://stats.example.net"}


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads the settings file with the given environment; returns what it defines."""
    monkeypatch.setattr(environ.Env, "read_env", lambda *args: None)  # this machine's .env is nobody's business here

    def read(**given):
        here = dict.fromkeys(NAMES, "") | {"DATA_DIR": str(tmp_path / "data")} | given
        monkeypatch.setattr(environ.Env, "ENVIRON", here)
        return runpy.run_path(str(settings.BASE_DIR / "heapadmin/settings.py"))

    return read


@pytest.fixture
def refusal(read):
    """The sentence with which settings are refused."""

    def refusal(**given):
        with pytest.raises(ImproperlyConfigured) as refused:
            read(**given)
        return str(refused.value)

    return refusal


def start(command, **given):
    """What starts Heapadmin, with an environment of nothing else."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={"PATH": "/usr/bin:/bin", **given},
        capture_output=True,
        text=True,
        timeout=60,
    )


# --- All of them ----------------------------------------------------------------------------------------------------
def test_an_empty_setting_is_one_that_is_left_out(read, monkeypatch):
    empty = read()
    monkeypatch.setattr(environ.Env, "ENVIRON", {"DATA_DIR": str(empty["DATA_DIR"])})
    left_out = runpy.run_path(str(settings.BASE_DIR / "heapadmin/settings.py"))

    differ = {name for name in empty if name.isupper() and name != "SECRET_KEY" and empty[name] != left_out[name]}
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


# --- Numbers and switches -------------------------------------------------------------------------------------------
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
        ("INVITATION_DAYS", "99999999999"),
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


# --- HOST, SITE_URL, ALLOWED_HOSTS ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("host", "listens", "opened"),
    [
        ("::1", "::1", "http://[::1]:8000"),
        ("[::1]", "::1", "http://[::1]:8000"),
        ("0:0:0:0:0:0:0:1", "::1", "http://[::1]:8000"),
        ("::", "::", "http://localhost:8000"),
        ("0.0.0.0", "0.0.0.0", "http://localhost:8000"),
        ("127.0.0.1", "127.0.0.1", "http://127.0.0.1:8000"),
        ("10.1.2.3", "10.1.2.3", "http://10.1.2.3:8000"),
        ("Stats.Local", "stats.local", "http://stats.local:8000"),
    ],
)
def test_what_is_listened_on_can_be_opened_and_is_let_in(read, host, listens, opened):
    found = read(HOST=host)

    assert (found["HOST"], found["SITE_URL"]) == (listens, opened)
    assert opened.removeprefix("http://").removesuffix(":8000") in found["ALLOWED_HOSTS"]


@pytest.mark.parametrize(
    ("host", "reached"), [("::", ["127.0.0.1", "::1"]), ("::1", ["::1"]), ("0.0.0.0", ["127.0.0.1"])]
)
def test_the_socket_is_where_people_look_for_it(host, reached):
    port = free_port()

    with listen(host, port):
        for address in reached:
            socket.create_connection((address, port), timeout=5).close()


@pytest.fixture(scope="module")
def database_in_use(django_db_blocker):
    """The URL of a database with an account, so that a start makes no sample."""
    with served_database(django_db_blocker) as url:
        manage(url, "createaccount", "--email=ada@shop.example", "--password=correct horse", "--account=Shop")
        yield url


@pytest.mark.timeout(180)
def test_on_an_ipv6_address_it_starts_and_what_it_prints_can_be_opened(tmp_path, database_in_use):
    """With all other settings empty."""
    installation = Installation(tmp_path / "data")
    given = {name: installation.environment[name] for name in ("DATA_DIR", "PORT")}
    installation.environment |= dict.fromkeys(NAMES, "") | given | {"HOST": "::1", "DATABASE_URL": database_in_use}
    try:
        words = installation.start().read()

        address = f"http://[::1]:{installation.port}"
        assert f"Heapadmin is at {address}/" in words
        assert f"{address}/api/track" in words
        assert urllib.request.urlopen(f"{address}/login/login/").status == 200
        asked = installation.run("shell", "--verbosity=0", "--command", ASK)
        assert asked.stdout.split() == [address, "UP", "UP"], asked.stderr
    finally:
        installation.end()


@pytest.mark.timeout(180)
def test_gunicorn_alone_listens_on_all_addresses(tmp_path, database_in_use):
    server = CollectingServer(database_in_use, tmp_path, workers=1, HOST="::", SITE_URL="")
    try:
        server.start()

        for host in ("[::1]", "localhost", "127.0.0.1"):
            assert urllib.request.urlopen(f"http://{host}:{server.port}/healthz").status == 200
    finally:
        server.kill()


@pytest.mark.parametrize("host", ["http://x", "127.0.0.1:8000", "127.0.0.256", "0", "a b", "*", "x/y", "[::1]:80"])
def test_a_host_that_is_no_address_of_a_machine_is_refused(refusal, host):
    assert refusal(HOST=host).startswith(f"HOST={host} must be an address of this machine")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://stats.example.net/", "https://stats.example.net"),
        ("HTTPS://Stats.Example.net:443", "https://stats.example.net"),
        ("http://stats.example.net:8080", "http://stats.example.net:8080"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_the_site_is_written_as_browsers_write_it(read, url, origin):
    found = read(SITE_URL=url)

    assert found["SITE_URL"] == origin
    assert found["CSRF_TRUSTED_ORIGINS"] == [origin]


@pytest.mark.parametrize(
    "url",
    [
        "stats.example.net",
        "//stats.example.net",
        "ftp://stats.example.net",
        "https://",
        "https://stats.example.net/analytics",
        "https://stats.example.net/?",
        "https://stats.example.net/#top",
        "https://stats.example.net:0",
        "https://stats.example.net:99999",
        "https://stats.example.net:port",
        "https://stats example.net",
        "https://[::1",
    ],
)
@pytest.mark.parametrize("name", ["SITE_URL", "STATUS_CHECK_URL"])
def test_an_address_that_is_none_is_refused(refusal, name, url):
    assert refusal(**{name: url}).startswith(f"{name}={url} ")


def test_a_login_in_the_address_is_refused_and_not_shown(refusal):
    words = refusal(SITE_URL="https://ada:hunter2@stats.example.net")

    assert words.startswith("SITE_URL must have no login in it")
    assert "hunter2" not in words


def test_hosts_may_have_blanks_around_them(read):
    found = read(ALLOWED_HOSTS=" Stats.example.net , ::1,.example.com,, [::2] ")

    assert found["ALLOWED_HOSTS"] == ["stats.example.net", "[::1]", ".example.com", "[::2]"]


@pytest.mark.parametrize(
    "host", ["https://stats.example.net", "stats.example.net:443", "stats.example.net/", "*.example.net", "a b", "."]
)
def test_hosts_are_names_only(refusal, host):
    words = refusal(ALLOWED_HOSTS=f"localhost, {host}")

    assert words.startswith("ALLOWED_HOSTS must hold names of hosts")
    assert f" {host} " in words


def test_in_production_the_sites_own_name_is_let_in(read):
    assert "stats.example.net" in read(**SAFE)["ALLOWED_HOSTS"]


def test_all_hosts_are_still_refused_in_production(refusal):
    assert "ALLOWED_HOSTS" in refusal(**SAFE, ALLOWED_HOSTS="stats.example.net, *")


def test_proxies_that_cannot_be_read_are_told_before_anything_starts(refusal):
    assert refusal(TRUSTED_PROXIES="10.0.0.0/99").startswith("TRUSTED_PROXIES=10.0.0.0/99 ")


# --- DATABASE_URL ---------------------------------------------------------------------------------------------------
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


# --- manage.py check --deploy ---------------------------------------------------------------------------------------
OPEN = SAFE | {
    "TRUSTED_PROXIES": "1,x-forwarded-for",
    "SIGNUP_OPEN": "off",
    "EMAIL_URL": "smtp+tls://mail.example:587",
    "DEFAULT_FROM_EMAIL": "Heapadmin <heapadmin@example.net>",
}


DERIVED = ("HTTPS", "EMAIL_HOST", "EMAIL_USE_SSL", "EMAIL_USE_TLS")


def warnings(settings, found):
    for name, value in found.items():
        if name in NAMES or name in DERIVED:
            setattr(settings, name, value)
    return {each.id.removeprefix("heapadmin.") for each in checks.check_settings(None)}


def test_an_open_installation_with_all_it_needs_has_no_warning(tmp_path):
    result = start(["manage.py", "check", "--deploy"], DATA_DIR=str(tmp_path), **OPEN | {"SECRET_KEY": KEY * 2})

    assert (result.returncode, result.stderr) == (0, "")
    assert "no issues" in result.stdout


def test_check_deploy_tells_what_is_amiss_and_no_secret(tmp_path):
    amiss = {"EMAIL_URL": "smtp://ada:hunter2@mail.example", "METRICS_TOKEN": "hunter3", "DATA_DIR": str(tmp_path)}

    result = start(["manage.py", "check", "--deploy"], **OPEN | amiss)

    assert "EMAIL_URL sends mail, and its password, unencrypted" in result.stderr
    assert "METRICS_TOKEN can be guessed" in result.stderr
    assert "hunter" not in result.stderr


@pytest.mark.parametrize(
    ("amiss", "named"),
    [
        ({}, set()),
        ({"PRODUCTION": "off"}, {"PRODUCTION"}),
        ({"PRODUCTION": "off", "SITE_URL": "http://127.0.0.1:8000"}, {"PRODUCTION", "SITE_URL"}),
        ({"PRODUCTION": "off", "SITE_URL": "http://[::1]:8000"}, {"PRODUCTION", "SITE_URL"}),
        ({"ALLOWED_HOSTS": "other.example.net"}, {"ALLOWED_HOSTS"}),
        ({"ALLOWED_HOSTS": ".example.net"}, set()),
        ({"TRUSTED_PROXIES": ""}, {"TRUSTED_PROXIES"}),
        ({"HOST": "0.0.0.0"}, {"HOST"}),
        ({"HOST": "::"}, {"HOST"}),
        ({"EMAIL_URL": ""}, {"EMAIL_URL"}),
        ({"EMAIL_URL": "smtp://mail.example"}, {"EMAIL_URL"}),
        ({"EMAIL_URL": "smtp://127.0.0.1"}, set()),
        ({"DEFAULT_FROM_EMAIL": ""}, {"DEFAULT_FROM_EMAIL"}),
        ({"METRICS_TOKEN": "short"}, {"METRICS_TOKEN"}),
        ({"SIGNUP_OPEN": "on"}, {"SIGNUP_OPEN"}),
    ],
)
def test_each_setting_has_its_warning(settings, read, amiss, named):
    assert warnings(settings, read(**OPEN | amiss)) == named
