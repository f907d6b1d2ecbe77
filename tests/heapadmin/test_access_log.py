"""The access log of real servers: what it tells, what it must never tell, and how much at most."""

import io
import json
import logging
import secrets
import uuid

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.contrib.sessions.serializers import JSONSerializer
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from heapadmin import log_limits
from heapadmin.log_limits import AccessHandler
from heapadmin.log_lines import hide_secrets
from tests.heapadmin.running import eventually
from tests.servers import ALIAS, CollectingServer, served_database

pytestmark = pytest.mark.timeout(300)
SECRET = secrets.token_hex(16)
SECRET_PAGES = [
    reverse("accounts:invitation", args=[SECRET]),
    reverse("accounts:invitation_decline", args=[SECRET]),
    reverse("accounts:invitation_ask_again", args=[SECRET]),
    reverse("accounts:rescue", args=[SECRET]),
    reverse("accounts:email_confirm", args=[SECRET]),
    reverse("support:export_download", args=[SECRET]),
    reverse("account_reset_password_from_key", args=["a", f"abc123-{SECRET}"]),
    reverse("account_confirm_email", args=[f"MQ:1uXyZ:{SECRET}"]),
    f"/accounts/invitatoin/{SECRET}",
    f"/login/login/?token={SECRET}",
]


@pytest.fixture(scope="module", params=["asgi", "wsgi"])
def running(request, django_db_setup, django_db_blocker, tmp_path_factory):
    conf = {"asgi": "heapadmin.gunicorn_conf", "wsgi": "heapadmin.gunicorn_wsgi_conf"}[request.param]
    with served_database(django_db_blocker) as url:
        folder = tmp_path_factory.mktemp("access")
        server = CollectingServer(url, folder, f"heapadmin.{request.param}:application", workers=1, conf=conf)
        server.environment |= {
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{server.port} --workers=1",
            "TRUSTED_PROXIES": "127.0.0.1",
            "LOG_FORMAT": "json",
            "ACCESS_LOG": "on",
            "LOG_LEVEL": "ERROR",
            "SECRET_KEY": "for-this-test-only" * 4,
        }
        yield server.collect_static().start()
        server.stop()


@pytest.fixture
def server(running, django_db_blocker):
    with django_db_blocker.unblock():
        yield running


def line_of(server, request_id):
    """The line about a request, which is written after its answer."""
    found = []

    def look():
        written, _, _ = server.log.read_text().rpartition("\n")  # half a line may follow
        lines = [json.loads(line) for line in written.splitlines()]
        found[:] = [line for line in lines if line.get("request_id") == request_id and line["logger"][:6] == "access"]
        return found

    assert eventually(look)
    assert len(found) == 1
    return found[0]


def test_a_page_is_told_with_everything(server):
    answer = server.request(
        "GET", "/login/login/?next=/", headers={"X-Request-ID": "page", "X-Forwarded-For": "203.0.113.9"}
    )

    line = line_of(server, "page")
    assert (line["logger"], line["level"]) == ("access.pages", "INFO")
    assert (line["method"], line["path"], line["status"]) == ("GET", "/login/login/", 200)
    assert line["bytes"] == len(answer.body)
    assert 0 < line["seconds"] < 60
    assert line["client"] == "203.0.113.9"
    assert "user_id" not in line
    assert line["message"].startswith(f"GET /login/login/ 200, {len(answer.body)} bytes in ")


def test_collecting_is_told(server):
    environment = server.make_environment()
    server.post("/api/track", {"app_id": environment.app_id, "identity": "a", "event": "E"}, {"X-Request-ID": "event"})

    line = line_of(server, "event")
    assert (line["logger"], line["path"], line["status"]) == ("access.collecting", "/api/track", 200)


def test_who_is_signed_in_is_told(server):
    user = User.objects.using(ALIAS).create(email="ann@example.com", password="!")
    key = secrets.token_hex(16)
    data = {
        SESSION_KEY: str(user.pk),
        BACKEND_SESSION_KEY: "allauth.account.auth_backends.AuthenticationBackend",
        HASH_SESSION_KEY: user._get_session_auth_hash(secret=server.environment["SECRET_KEY"]),
    }
    signed = signing.dumps(
        data,
        key=server.environment["SECRET_KEY"],
        salt="django.contrib.sessions.SessionStore",
        serializer=JSONSerializer,
        compress=True,
    )
    Session.objects.using(ALIAS).create(
        session_key=key, session_data=signed, expire_date=timezone.now() + timezone.timedelta(days=1)
    )
    server.request("GET", "/account/me/", headers={"X-Request-ID": "ann", "Cookie": f"sessionid={key}"})

    line = line_of(server, "ann")
    assert (line["status"], line.get("user_id")) == (200, user.pk)


@pytest.mark.parametrize("number", range(len(SECRET_PAGES)))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_link_that_lets_somebody_in_is_told(server, number, method):
    name = f"{method}-{number}"
    server.request(method, SECRET_PAGES[number], headers={"X-Request-ID": name})

    assert line_of(server, name)["method"] == method
    assert SECRET not in server.log.read_text()


def test_probes_are_not_told(server):
    for path in ("/healthz", "/readyz"):
        server.request("GET", path, headers={"X-Request-ID": "probe"})
    server.request("GET", "/login/login/", headers={"X-Request-ID": "after"})
    line_of(server, "after")

    assert '"/healthz"' not in server.log.read_text() and "readyz" not in server.log.read_text()


@pytest.mark.parametrize("path", ["/a%0aERROR%20forged", "/%1b[2J%0d%07", "/%e2%80%ae", "/" + "a/" * 1_800, "/%ff"])
def test_a_hostile_path_is_one_short_line(server, path):
    name = secrets.token_hex(4)
    server.request("GET", path, headers={"X-Request-ID": name, "User-Agent": "U" * 8_000})

    line = line_of(server, name)
    assert len(json.dumps(line)) < 700
    assert not set("\n\r\x1b\x07\u202e") & set(line["path"] + line["message"])


# --- Without a server -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/env/1234567890/graph/", "/env/1234567890/graph/"),
        ("/account/invitation/" + "a" * 32 + "/decline/", "/account/invitation/*/decline/"),
        (f"/x/{uuid.UUID(int=1)}/", f"/x/{uuid.UUID(int=1)}/"),
        ("/" + "a" * 21, "/*"),
        ("/" + "a" * 20, "/" + "a" * 20),
        ("/a/" * 80 + "b" * 1_000, None),
    ],
)
def test_parts_that_may_be_secret_are_hidden(path, told):
    found = hide_secrets(path)

    assert found == told if told else len(found) <= 200 and "bb" not in found


def test_the_main_log_hides_them_too(caplog, client, db):
    client.get(f"/nowhere/{SECRET}/")
    handler, stream = log_limits.LimitedHandler(io.StringIO()), None
    handler.handle(caplog.records[-1])
    stream = handler.stream

    assert stream.getvalue() == "Not Found: /nowhere/*/\n"
    handler.close()


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(log_limits, "MOST_A_MINUTE", 10)


def logger_to(handler, name):
    logger = logging.Logger(name)
    logger.addHandler(handler)
    return logger


def test_a_flood_is_bounded_counted_and_leaves_room_for_others(few):
    stream = io.StringIO()
    handler = AccessHandler(stream, 3_600)
    for number in range(1_000):
        logger_to(handler, "access.collecting").info("%d", number)
    logger_to(handler, "access.pages").info("a page")
    handler.close()

    lines = stream.getvalue().splitlines()
    assert lines == [*map(str, range(10)), "a page", "990 more requests are not listed"]


def test_the_next_minute_has_its_own_lines_and_what_was_left_out_is_told_in_time(few):
    stream = io.StringIO()
    handler = AccessHandler(stream, 0.2)
    for number in range(15):
        logger_to(handler, "access.pages").info("%d", number)

    assert eventually(lambda: stream.getvalue().endswith("5 more requests are not listed\n"))
    logger_to(handler, "access.pages").info("later")
    assert stream.getvalue().endswith("later\n")
    handler.close()


def test_without_the_setting_there_is_none(django_db_setup, django_db_blocker, tmp_path):
    with served_database(django_db_blocker) as url:
        server = CollectingServer(url, tmp_path, workers=1).collect_static().start()
        server.request("GET", "/login/login/")
        server.stop()

    assert server.log.read_text() == ""
