"""The socket that all web workers share. The supervisor keeps it open, so a restart refuses no connection."""

import errno
import socket

import psutil

BACKLOG = 2048


class CannotListen(Exception):
    """We cannot listen on the address; the message says why."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket on `host`:`port`. Raises CannotListen."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise CannotListen(f"HOST={host} is not an address of this machine: {error.strerror}.") from error
    try:
        listener = socket.socket(family, kind, protocol)
    except OSError as error:  # a machine without IPv6
        raise CannotListen(f"HOST={host} is not an address of this machine: {error.strerror}.") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if host == "::":  # all addresses, those of IPv4 too, however this machine is set up
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise CannotListen(_in_words(host, port, error)) from error
    return listener


def _in_words(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken{_by_whom(port)}. Stop that, or choose another one: PORT={port + 1}."
    if error.errno == errno.EACCES:
        return f"Only root may listen on port {port}. Choose one above 1023: PORT=8000."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"HOST={host} is not an address of this machine."
    return f"Cannot listen on {host}:{port}: {error.strerror}."


def _by_whom(port: int) -> str:
    """ " by process 123 (nginx)", or '' if the system does not show it."""
    try:
        for connection in psutil.net_connections("tcp"):
            ours = connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
            if ours and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return ""
