"""A reload is the same visitor, and properties last, wherever a browser lets a page keep something."""

# ruff: noqa: F401, F811 (fixtures by import)

from urllib.parse import quote

import pytest

from tests.browser.tracked_pages import context, page, people, served_first, shop, stored, until, visit
from tests.collector.conftest import collecting_server, environment, server

NO_COOKIES = "Object.defineProperty(document, 'cookie', {get() { return '' }, set() {}})"
LARGE = "Object.fromEntries([...Array(9).keys()].map((i) => ['p' + i, 'ж'.repeat(500)]))"


def test_a_sandboxed_frame_is_tracked(page, shop, stored):
    shop.pages["/outer"] = '<iframe sandbox="allow-scripts" src="/inner"></iframe>'
    page.goto(f"{shop.url}/outer")
    frame = page.frames[1]
    frame.wait_for_function("window.heap && heap.loaded && heap.getUserId()")
    frame.evaluate("heap.track('Inside'); history.pushState({}, '', '/deeper')")

    rows = stored(3, "kind, path, name, actor_id")
    assert [row[:3] for row in rows] == [
        ("pageview", "/inner", ""), ("custom", "/inner", "Inside"), ("pageview", "/deeper", ""),
    ]  # fmt: skip
    assert len({row[3] for row in rows}) == 1


def test_a_page_of_a_data_address_is_tracked_and_its_address_is_not(page, shop, stored):
    address = "data:text/html," + quote(f"<title>data</title>{shop.snippet}<h1>My letter</h1>")
    shop.pages["/outer"] = f'<iframe src="{address}"></iframe>'
    page.goto(f"{shop.url}/outer")
    frame = page.frames[1]
    frame.wait_for_function("window.heap && heap.loaded && heap.getUserId()")
    frame.evaluate("heap.track('Inside')")

    rows = stored(2, "kind, name, title, domain, path, query, hash")
    assert rows == [("pageview", "", "data", *[None] * 4), ("custom", "Inside", "data", *[None] * 4)]


def test_a_page_in_a_file_is_tracked_and_its_path_is_not(page, shop, stored, tmp_path):
    (tmp_path / "ann.html").write_text(f"<title>app</title>{shop.snippet}")
    (tmp_path / "second.html").write_text(f"<title>second</title>{shop.snippet}")
    visit(page, f"file://{tmp_path}/ann.html?a=1#b")
    visitor = page.evaluate("heap.getUserId()")
    stored(1)
    page.evaluate("history.pushState({}, '', '?a=2')")
    stored(2)
    visit(page, f"file://{tmp_path}/second.html")

    rows = stored(3, "title, domain, path, query, referrer, actor_id::text")
    assert rows == [
        ("app", None, None, "?a=1", None, visitor),
        ("app", None, None, "?a=2", None, visitor),
        ("second", None, None, None, None, visitor),
    ]


@pytest.mark.parametrize("where", ["blocked", "cross-site"])
def test_without_cookies_a_reload_is_the_same_visitor(page, context, shop, stored, where):
    if where == "blocked":
        page.add_init_script(NO_COOKIES)
        address = shop.url
    else:  # where SameSite=Lax is no cookie, and localStorage may be forbidden
        shop.pages["/outer"] = f'<iframe src="{shop.url.replace("127.0.0.1", "localhost")}/inner"></iframe>'
        address = f"{shop.url}/outer"

    def who():
        page.goto(address)
        frame = page.frames[-1]
        frame.wait_for_function("window.heap && heap.loaded && heap.getUserId()")
        return frame.evaluate("heap.identify('ann'), [heap.getUserId(), heap.getSessionId(), heap.getIdentity()]")

    first = who()
    assert who() == first
    if where == "blocked":
        assert not context.cookies()
    rows = stored(2, "actor_id::text, session_id::text")
    assert set(rows) == {tuple(first[:2])}


def test_large_event_properties_last_and_the_newest_count(page, shop, stored):
    visit(page, shop.url)
    page.evaluate("heap.addEventProperties({plan: 'free', p0: 'old'})")
    page.evaluate(f"heap.addEventProperties({LARGE})")
    visit(page, f"{shop.url}/next")
    page.evaluate("heap.track('Large'); heap.clearEventProperties(); heap.addEventProperties({plan: 'pro'})")
    visit(page, f"{shop.url}/last")

    rows = stored(4, "name, properties")
    assert rows[1][1] == rows[2][1] == {"plan": "free"} | {f"p{i}": "ж" * 500 for i in range(9)}
    assert rows[3][1] == {"plan": "pro"}


def test_two_tabs_do_not_overwrite_each_others_event_properties(page, context, shop, stored):
    other = context.new_page()
    visit(page, shop.url)
    visit(other, shop.url)

    page.evaluate("heap.addEventProperties({a: 1})")
    other.evaluate("heap.addEventProperties({b: 2})")
    page.evaluate("heap.addEventProperties({c: 3}); heap.track('E')")

    assert stored(3, "properties")[2] == ({"a": 1, "b": 2, "c": 3},)


def test_what_was_flattened_is_removed_by_the_name_it_was_given_under(page, shop, stored):
    visit(page, shop.url)

    page.evaluate("heap.addEventProperties({o: {a: 1, b: {c: 2}}, other: 3}); heap.removeEventProperty('o')")
    page.evaluate("heap.track('E')")

    assert stored(2, "properties")[1] == ({"other": 3},)
