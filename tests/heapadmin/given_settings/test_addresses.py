"""HOST, SITE_URL, ALLOWED_HOSTS and TRUSTED_PROXIES: each works, or is refused in a sentence that names it."""

import socket
import urllib.request

import pytest

from heapadmin.standalone.port import listen
from tests.heapadmin.given_settings.given import NAMES, SAFE
from tests.heapadmin.running import Installation
from tests.ports import free_port
from tests.servers import CollectingServer, manage, served_database

ASK = """
from support.status.checks import ask, base_url, probes
print(base_url(), *[ask(base_url(), probe).state.name for probe in probes()])
"""


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
        found, *states = asked.stdout.split()
        assert found == address, asked.stderr
        assert set(states) <= {"UP", "DEGRADED"}  # on a busy machine an answer may be late: not "down" is what counts
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


def test_the_docs_are_a_page_or_nothing(read, refusal):
    assert [read(DOCS_URL=url)["DOCS_URL"] for url in ("", "https://docs.example.com/a?b#c")] == [
        "",
        "https://docs.example.com/a?b#c",
    ]
    for wrong in ("docs.example.com", "javascript:alert(1)", "https://", "http://ada:secret@docs.example.com/"):
        assert "is not the address of a page" in refusal(DOCS_URL=wrong)
