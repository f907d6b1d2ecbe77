"""No answer names the version of what serves, however Heapadmin is served."""

import socket

import pytest

from tests.heapadmin.test_busy_database import Pages
from tests.servers import served_database

STYLES = "/static/css/tokens.css"
PATHS = ("/healthz", "/api/track", "/login/login/", "/no/such/page/", STYLES)
NONSENSE = b"nonsense\r\n\r\n"


@pytest.fixture(scope="module")
def url(django_db_setup, django_db_blocker):
    with served_database(django_db_blocker) as url:
        yield url


@pytest.fixture(
    scope="module",
    params=[("asgi", "gunicorn_conf"), ("wsgi", "gunicorn_wsgi_conf"), ("collector_asgi", "gunicorn_conf")],
    ids=["together", "pages", "collector"],
)
def server(request, url, tmp_path_factory):
    application, conf = request.param
    folder = tmp_path_factory.mktemp(application)
    server = Pages(url, folder, f"heapadmin.{application}:application", workers=1, conf=f"heapadmin.{conf}")
    yield server.collect_static().start()
    server.stop()


def test_no_header_names_a_version(server):
    heads = [server.request("GET", path).headers for path in PATHS]

    assert {head.get("Server", "gunicorn") for head in heads} == {"gunicorn"}
    assert not any(name in head for head in heads for name in ("X-Powered-By", "Via"))


def test_nor_does_the_answer_to_nonsense(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(NONSENSE)
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).lower()

    assert answer.startswith(b"http/1.1 400")
    assert b"server:" not in answer
    assert b"gunicorn" not in answer and b"uvicorn" not in answer
