"""Requests to addresses that somebody typed stay out of our own network, and end in time, over real sockets."""

import ipaddress
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from common import guarded_http
from common.guarded_http import NoUsableAnswer, fetch, is_public

HERE = ["127.0.0.1"]
PUBLIC = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "192.0.0.9"]
NOT_PUBLIC = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.2.1",
    "192.88.99.1",  # the relay to 6to4
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:10.0.0.1",  # translated (SIIT)
    "64:ff9b::10.0.0.1",  # NAT64
    "64:ff9b::127.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:a00:1::",  # 6to4 of 10.0.0.1
    "2002:7f00:1::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


def test_only_addresses_on_the_internet_are_public():
    found = {each for each in PUBLIC + NOT_PUBLIC if is_public(ipaddress.ip_address(each))}

    assert found == set(PUBLIC)


@pytest.fixture
def connected(monkeypatch):
    """The addresses to which a connection was begun. None comes about."""
    begun = []

    def refuse(self, address):
        begun.append(address[0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return begun


def resolve(monkeypatch, *answers):
    """Let names resolve to these addresses, one after the other; the last one for ever. Returns the names asked for."""
    asked, real = [], socket.getaddrinfo

    def getaddrinfo(host, *args, **kwargs):
        if not host.endswith(".example"):
            return real(host, *args, **kwargs)
        asked.append(host)
        return real(answers[min(len(asked), len(answers)) - 1], *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_no_name_and_no_number_leads_into_our_own_network(monkeypatch, connected, address):
    resolve(monkeypatch, address)
    number = f"[{address}]" if ":" in address else address

    for host in ("inside.example", number):
        with pytest.raises(NoUsableAnswer, match="not public"):
            fetch("GET", f"https://{host}/", internal_hosts=[])

    assert connected == []


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost", "127.0.0.1."])
def test_nor_does_another_way_to_write_it(connected, host):
    with pytest.raises(NoUsableAnswer):
        fetch("GET", f"https://{host}/", internal_hosts=[])

    assert connected == []


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch, connected):
    """A name server that says something else the second time is not asked a second time."""
    asked = resolve(monkeypatch, "8.8.8.8", "127.0.0.1")

    with pytest.raises(NoUsableAnswer, match="does not answer"):
        fetch("GET", "https://turns.example/", internal_hosts=[])

    assert (connected, asked) == (["8.8.8.8"], ["turns.example"])


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example/",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "ftp://login.example/",
        "gopher://127.0.0.1:6379/_x",
        "https://",
        "https://ada:secret@login.example/",
        "https://login.example\\@127.0.0.1/",
        "https://login.example/ \r\nHost: x",
        "https://login.example:port/",
        "https://[::1/",
    ],
)
def test_only_https_addresses_without_a_login_are_asked(connected, url):
    with pytest.raises(NoUsableAnswer, match=r"no URL|https://"):
        fetch("GET", url, internal_hosts=["10.0.0.1"])

    assert connected == []


@contextmanager
def saying(*parts, pause=0.0):
    """A server on this machine that says `parts`, one after the other, to whoever comes. Yields (URL, what it read)."""
    read, is_over = [], threading.Event()

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                read.append(connection.recv(65_536))
                try:
                    for part in parts:
                        connection.sendall(part)
                        if is_over.wait(pause):
                            return
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/", read
        finally:
            is_over.set()
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"


def test_what_is_said_is_read(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with saying(HEAD, b"Content-Length: 5\r\n\r\n", b"hello") as (url, read):
        assert fetch("GET", url, internal_hosts=HERE) == (200, b"hello")
    assert b"User-Agent: Heapadmin" in read[0]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status):
    with (
        saying(HEAD, b"Content-Length: 2\r\n\r\n", b"no") as (elsewhere, reached),
        saying(b"HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % (status, elsewhere.encode())) as (
            url,
            _,
        ),
    ):
        with pytest.raises(NoUsableAnswer, match="leads on"):
            fetch("GET", url, internal_hosts=HERE)
        assert reached == []


def test_an_answer_that_is_too_large_is_not_read_to_its_end():
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with (
        saying(HEAD, b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 400, b"0\r\n\r\n") as (url, _),
        pytest.raises(NoUsableAnswer, match="too large"),
    ):
        fetch("GET", url, internal_hosts=HERE)


DRIPS = {
    "the handshake of TLS": [b"\x16\x03\x03\x40\x00", *[b"\x02\x00"] * 200],
    "the head": [b"HTTP/1.1 200 OK\r\n", *[b"X-A: b\r\n"] * 100],
    "a body of a known length": [HEAD, b"Content-Length: 10000\r\n\r\n", *[b"x"] * 200],
    "a body that ends with the connection": [HEAD, b"\r\n", *[b"x"] * 200],
    "a body in parts": [HEAD, b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 200],
    "a body in one part": [HEAD, b"Transfer-Encoding: chunked\r\n\r\n2000\r\n", *[b"x"] * 200],
}


@pytest.mark.parametrize("what", DRIPS)
def test_a_server_that_never_stops_does_not_hold_us(monkeypatch, what):
    monkeypatch.setattr(guarded_http, "MOST_SECONDS", 0.6)
    with saying(*DRIPS[what], pause=0.1) as (url, _):
        began_at = time.monotonic()
        with pytest.raises(NoUsableAnswer, match="too long"):
            fetch("GET", url.replace("http:", "https:") if "TLS" in what else url, internal_hosts=HERE)
        took = time.monotonic() - began_at

    assert took < 5  # it goes on for 10 to 20 seconds


def test_an_answer_that_breaks_off_is_none():
    with (
        saying(HEAD, b"Content-Length: 10\r\n\r\n", b"half") as (url, _),
        pytest.raises(NoUsableAnswer, match="does not answer"),
    ):
        fetch("GET", url, internal_hosts=HERE)
