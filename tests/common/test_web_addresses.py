"""Addresses beyond ASCII: as browsers send them, and as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.web_addresses import (
    read_address,
    read_domain,
    read_path,
    sent_address,
    sent_domain,
    sent_path,
    spellings,
)

PIECES = st.sampled_from(
    (
        *("é", "日本", " ", "/", "%", "a", "C3", "A9", "\u202e", "\u200b", "\ud800", "😀", ".", "//", "https:"),
        *("%C3%A9", "%c3%a9", "%2F", "%25", "%20", "%C3", "%A9", "%FF", "%E2%80%AE", "%ED%A0%80", "%F0%9F%98%80"),
        *("xn--", "xn--caf-dma"),
    )
)
texts = st.lists(PIECES, max_size=6).map("".join)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("/caf%C3%A9/men%C3%BC", "/café/menü"),
        ("?q=%E6%97%A5%E6%9C%AC&r=1", "?q=日本&r=1"),
        ("#%F0%9F%98%80", "#😀"),
        ("/a%2Fb%252F%26%3F%00", "/a%2Fb%252F%26%3F%00"),
        ("/%C3%28%A9%C3", "/%C3%28%A9%C3"),
        ("/%C3%A9%C3", "/é%C3"),
        ("/%C0%AF%ED%A0%80%F8%88", "/%C0%AF%ED%A0%80%F8%88"),
        ("/%25C3%25A9", "/%25C3%25A9"),
        ("/%E2%80%AEx%E2%80%8B", "/%E2%80%AEx%E2%80%8B"),  # what turns text around, or cannot be seen
        ("/plain?x=%7E", "/plain?x=%7E"),
    ],
)
def test_a_path_has_two_spellings(sent, read):
    assert (read_path(sent), sent_path(read), sent_path(sent)) == (read, sent, sent)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("xn--caf-dma.example", "café.example"),
        ("shop.xn--wgv71a.example:8080", "shop.日本.example:8080"),
        ("xn--fa-hia.example", "faß.example"),
        ("xn--i-7iq.example", "i❤.example"),
        ("xn--zzzzzz99999.example", "xn--zzzzzz99999.example"),
        ("xn--a.example", "xn--a.example"),
        ("Shop.xn--wgv71a.example", "Shop.xn--wgv71a.example"),  # browsers send no capitals
        ("shop.example", "shop.example"),
        ("xn--9ca." * 11 + "example", "xn--9ca." * 11 + "example"),  # more than any has
    ],
)
def test_a_domain_has_two_spellings(sent, read):
    assert (read_domain(sent), sent_domain(read)) == (read, sent)


@pytest.mark.parametrize("typed", ["CAFÉ.example", "ｃａｆé．example", "cafe\u0301。example", "ca\u00adfé.example"])
def test_a_domain_is_found_however_it_is_typed(typed):
    assert sent_domain(typed) == "xn--caf-dma.example"


def test_what_no_domain_may_have_stays():
    assert sent_domain("caf\u202eé.example") == "caf\u202eé.example"


def test_a_whole_address_is_spelled_part_by_part():
    sent, read = "https://xn--caf-dma.example/caf%C3%A9?x=xn--caf-dma", "https://café.example/café?x=xn--caf-dma"

    assert (read_address(sent), sent_address(read)) == (read, sent)
    assert read_address("/caf%C3%A9") == "/café"


def test_a_space_is_read_and_found_in_both_spellings_and_stays_as_it_was_sent():
    assert (read_path("/my%20page"), sent_path("/my%20page"), sent_path("/my page")) == (
        "/my page",
        "/my%20page",
        "/my page",
    )
    assert set(spellings("path", "/my page")) == set(spellings("path", "/my%20page")) == {"/my page", "/my%20page"}


def test_escapes_in_small_letters_are_the_same():
    assert sent_path("/caf%c3%a9%2f") == "/caf%C3%A9%2f"
    assert "/caf%c3%a9" in spellings("path", "/café")


@pytest.mark.parametrize(
    ("column", "typed"), [("path", "/docs/*"), ("domain", "shop.example"), ("title", "café"), ("path", "%2F%25")]
)
def test_most_texts_have_one_spelling(column, typed):
    assert spellings(column, typed) == (typed,)


def test_a_host_without_its_scheme_is_found_in_a_referrer():
    assert "xn--caf-dma.example/caf%C3%A9" in spellings("referrer", "café.example/café")


@given(texts)
def test_nothing_is_lost_by_reading(text):
    assert sent_path(read_path(text)).replace(" ", "%20") == sent_path(text).replace(" ", "%20")
    assert sent_path(sent_path(text)) == sent_path(text)
    assert sent_domain(read_domain(sent_domain(text))) == sent_domain(text)
    assert sent_address(sent_address(text)) == sent_address(text)
