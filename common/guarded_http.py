"""Requests to addresses that somebody typed: never into our own network, never far, never long, never large.

A name is looked up once, and the connection goes to the address that was checked. Redirects are not followed, and
proxies of the environment are not used.

Limits of time that the packages have are for each piece of an answer, and a server may send one byte after the other.
So the connection is cut at the end of the time, whatever it is in the middle of.
"""

import ipaddress
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

CONNECT_SECONDS, READ_SECONDS = 4, 5
MOST_SECONDS = 8  # from the beginning of the request to the end of the answer, without looking up the name
MOST_BYTES = 512 * 1024
CHUNK = 16 * 1024


class NoUsableAnswer(Exception):
    """There is no usable answer. Its text says why, in a sentence."""


class _Deadline:
    """Cuts the connections that it knows when the time is over."""

    def __init__(self) -> None:
        self.is_over = False
        self._sockets: list[socket.socket] = []

    def watch(self, connection: socket.socket) -> None:
        """Know a connection. A copy is kept, as TLS takes the original over."""
        self._sockets.append(connection.dup())
        if self.is_over:
            self._cut()

    @contextmanager
    def running(self) -> Iterator[None]:
        timer = Timer(MOST_SECONDS, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            for each in self._sockets:
                each.close()

    def _cut(self) -> None:
        self.is_over = True
        for each in self._sockets:
            with suppress(OSError):  # it has ended by itself
                each.shutdown(socket.SHUT_RDWR)


class _Adapter(HTTPAdapter):
    """Tells the deadline of its connections."""

    deadline: _Deadline

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.deadline = _Deadline()
        self.poolmanager.pool_classes_by_scheme = {
            "http": self._watched(HTTPConnectionPool, HTTPConnection),
            "https": self._watched(HTTPSConnectionPool, HTTPSConnection),
        }

    def _watched(self, pool: Any, connection: Any) -> Any:
        """A kind of pool whose connections the deadline knows from their beginning."""

        def new_connection(made: Any) -> socket.socket:
            found: socket.socket = connection._new_conn(made)
            self.deadline.watch(found)
            return found

        kind = type("Watched", (connection,), {"_new_conn": new_connection})
        return type("WatchedPool", (pool,), {"ConnectionCls": kind})


class _PublicAdapter(IPFilterAdapter, _Adapter):
    """The package's adapter knows neither `::127.0.0.1` nor `fec0::`; here only public addresses pass."""

    def __init__(self) -> None:
        IPFilterAdapter.__init__(self, is_https_proto=True)  # untyped

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        address = ipaddress.ip_address(host["host"].strip("[]"))
        if not is_public(address):
            raise InvalidIPAddress(address)
        return host, pool


IN_USE = ipaddress.ip_network("2000::/3")  # all of IPv6 that is given to anybody on the Internet
HIDING = [ipaddress.ip_network(each) for each in ("2002::/16", "3fff::/20")]  # 6to4; documentation
RELAY = ipaddress.ip_network("192.88.99.0/24")  # leads to 6to4


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is somebody's on the Internet, and is not a form of another address that is not.

    Of forms that hold an IPv4 address (`::a.b.c.d`, NAT64, SIIT, 6to4, Teredo) only `::ffff:a.b.c.d` may pass.
    """
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast and address not in RELAY
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    return address in IN_USE and address.is_global and not any(address in each for each in HIDING)


def check_url(url: str, internal_hosts: list[str]) -> None:
    """Raise NoUsableAnswer unless it is an https URL without a login in it.

    http is accepted from `internal_hosts`, and only where it does not leave this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise NoUsableAnswer("That is no URL.") from None
    if not url.isprintable() or " " in url or "\\" in url or not host or parts.username or parts.password:
        raise NoUsableAnswer("That is no URL.")
    is_here = host in internal_hosts and host in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise NoUsableAnswer("The URL has to begin with https://.")


def fetch(method: str, url: str, *, internal_hosts: list[str], **kwargs: Any) -> tuple[int, bytes]:
    """(status, body) of one request. Raises NoUsableAnswer, also for redirects.

    `internal_hosts` are names that whoever runs this installation allows to lead into their own network.
    """
    check_url(url, internal_hosts)
    is_internal = urlsplit(url).hostname in internal_hosts
    config = Config(
        ip_filter_enable=not is_internal,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(CONNECT_SECONDS, READ_SECONDS),
        user_agent_override="Heapadmin",
    )
    adapter = _Adapter() if is_internal else _PublicAdapter()
    try:
        with HTTPSession(config) as session, adapter.deadline.running():
            session.trust_env = False
            for scheme in ("https://", "http://") if is_internal else ("https://",):
                session.mount(scheme, adapter)
            with session.request(method, url, stream=True, **kwargs) as answer:
                body = _read(answer)
    except InvalidIPAddress:
        raise NoUsableAnswer("It leads into a network that is not public.") from None
    except (requests.RequestException, OSError, ValueError) as error:
        if not adapter.deadline.is_over:
            raise NoUsableAnswer(f"It does not answer ({type(error).__name__}).") from None
    if adapter.deadline.is_over:  # an answer without a length looks whole when it is cut
        raise NoUsableAnswer("Its answer takes too long.")
    if 300 <= answer.status_code < 400:
        raise NoUsableAnswer("It leads on to another address, which is not followed.")
    return answer.status_code, body


def _read(answer: requests.Response) -> bytes:
    body = b""
    for chunk in answer.iter_content(CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise NoUsableAnswer("Its answer is too large.")
    return body
