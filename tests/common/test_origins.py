"""What people type as a site is an origin as browsers write it, or refused: it stands in a Content-Security-Policy."""

import pytest

from common.origins import NoOrigin, origin_of


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("https://Intranet.Example.com:443/", "https://intranet.example.com"),
        ("HTTP://localhost:8000", "http://localhost:8000"),
        ("http://shop.example:80", "http://shop.example"),
        ("https://Bücher.example", "https://xn--bcher-kva.example"),
        ("https://192.0.2.1:8443", "https://192.0.2.1:8443"),
    ],
)
def test_it_is_as_browsers_write_it(typed, origin):
    assert origin_of(typed) == origin
    assert origin_of(origin) == origin


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "*",
        "https:",
        "https://*.example.com",
        "intranet.example.com",
        "ftp://intranet.example.com",
        "javascript://intranet.example.com",
        "https://a.example/path",
        "https://a.example?",
        "https://a.example#",
        "https://ada@a.example",
        "https://a.example;script-src",
        "https://é;script-src.example",
        "https://a.example,b.example",
        "https://'self'",
        "https://a..example",
        "https://-a.example",
        "https://a.example:0",
        "https://a.example:99999",
        "https://[::1]",
        "https://[",
        "https://caf\u202eé.example",
        f"https://{'a' * 64}.example",
        f"https://{'.'.join(['a' * 60] * 5)}",
        "https://a.example\0",
    ],
)
def test_all_else_is_refused(typed):
    with pytest.raises(NoOrigin):
        origin_of(typed)
