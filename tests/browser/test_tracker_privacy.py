"""What never leaves a page: what somebody types, what is redacted, secrets in addresses; and who is not tracked."""

# ruff: noqa: F401, F811 (fixtures by import)

import re
from urllib.parse import parse_qsl

import pytest

from tests.browser.tracked_pages import context, page, people, served_first, shop, stored, visit
from tests.collector.conftest import collecting_server, environment, server

TYPES = (
    "text", "search", "email", "tel", "url", "number", "password", "date", "time", "datetime-local", "month", "week",
    "color", "range",
)  # fmt: skip
NUMBERS = re.compile(r"(id|ts|st|a|u|v|s)[0-9]*")  # made by the tracker, from nothing on the page


def everything(server, environment):
    return str(server.query("select to_jsonb(e) from events e where environment_id = %s", environment.pk))


@pytest.fixture
def sent(page):
    """All that the page sends, as it is sent."""
    bodies = []
    page.on("request", lambda request: bodies.append(f"{request.url} {request.post_data}"))
    return bodies


# --- Typed values -----------------------------------------------------------------------------------------------------
def test_no_typed_value_leaves_the_page(page, shop, stored, sent):
    """Fields of all kinds, editable text, and the same in a shadow root, redacted and not."""
    fields = "".join(f'<p><label>{kind}<input type="{kind}" id="{kind}"></label></p>' for kind in TYPES)
    fields += '<textarea id="area"></textarea><div id="editable" contenteditable><b>x</b></div>'
    fields += '<select id="choice"><option>none<option value="typed5">typed5</select>'
    fields += '<label>box<input type="checkbox" id="box" value="typed5"></label><input type="file" id="file">'
    fields += '<button id="go">Go</button>'
    shop.pages["/form"] = (
        f"<title>form</title>{shop.snippet}<form onsubmit='return false'>{fields}</form><div id=host></div>"
        f"<div data-heap-redact-text><div id=redacted></div></div><script>for (const id of ['host', 'redacted'])"
        f" document.getElementById(id).attachShadow({{mode: 'open'}}).innerHTML = `<form>{fields}</form>`</script>"
    )
    visit(page, f"{shop.url}/form")
    values = {
        "number": "5555", "date": "2055-05-05", "time": "05:55", "datetime-local": "2055-05-05T05:55",
        "month": "2055-05", "week": "2055-W05", "color": "#555555", "range": "55",
    }  # fmt: skip

    for root in ("body > form", "#host", "#redacted"):
        for kind in TYPES:
            field = page.locator(f"{root} #{kind}")
            field.fill(values.get(kind, "typed5"))
            field.dispatch_event("change")
            field.click(force=True)
        page.locator(f"{root} #area").fill("typed5")
        page.locator(f"{root} #editable").evaluate("(element) => { element.innerHTML = '<b>typed5</b>' }")
        page.locator(f"{root} #editable b").click()
        page.locator(f"{root} #editable").click()
        page.locator(f"{root} #choice").select_option("typed5")
        page.locator(f"{root} #box").check()
        page.locator(f"{root} #file").set_input_files(
            {"name": "typed5.txt", "mimeType": "text/plain", "buffer": b"typed5"}
        )
        page.locator(f"{root} #area").click()
    page.wait_for_timeout(1000)

    posts = [body.split(" ", 1)[1] for body in sent if "/h " in body]
    told = [value for post in posts for name, value in parse_qsl(post) if not NUMBERS.fullmatch(name)]
    assert len(told) > 300
    for value in ("typed5", *values.values()):
        assert not [each for each in told if value in each], value
    assert not any("typed5" in post for post in posts)


# --- Redaction --------------------------------------------------------------------------------------------------------
def test_text_that_the_page_redacts_is_stars(page, shop, server, environment, stored):
    shop.pages["/redacted"] = f"""<title>r</title>{shop.snippet}
        <button id=one data-heap-redact-text>Ann 1</button>
        <div data-heap-redact-text="false"><button id=two><b>Ann 2</b></button></div>
        <button id=three>Hello <span data-heap-redact-text>Ann 3</span>!</button>
        <button id=four data-heap-redact-text aria-label="Ann 4"><i>-</i></button>
        <button id=five data-heap-redact-text></button>
        <style>button {{ width: 99px; height: 30px }}</style>"""
    visit(page, f"{shop.url}/redacted")

    for name in ("one", "two", "three", "four", "five"):
        page.click(f"#{name}")

    rows = stored(6, "target_id, target_text")
    assert rows[1:] == [
        ("one", "****"), ("two", "****"), ("three", "Hello **** !"), ("four", "****"), ("five", "****"),
    ]  # fmt: skip
    assert "Ann" not in everything(server, environment)


def test_attributes_that_the_page_redacts_are_in_no_field(page, shop, server, environment, stored):
    shop.pages["/redacted"] = f"""<title>r</title>{shop.snippet}
        <div id=Ann0 class=plain data-heap-redact-attributes=" ID ,x">
        <a id=Ann1 class=Ann2 name=Ann3 href="#Ann4" data-heap-redact-attributes="href,id, class,name"><b>Go</b></a>
        <form id=Ann5 name=kept data-heap-redact-attributes="id" onsubmit="return false">
        <button aria-label=Ann6 title=Ann7 data-heap-redact-attributes="aria-label,title"><i>&nbsp;</i></button></form>
        </div><style>a, button {{ display: inline-block; width: 99px; height: 30px }}</style>"""
    visit(page, f"{shop.url}/redacted")
    page.evaluate("addEventListener('click', (event) => event.preventDefault())")

    page.click("a b")
    page.click("button")

    rows = stored(3, "target_class, target_id, target_href, target_text, target_hierarchy")
    above = "@html;|@body;|@div;.plain;|"
    assert rows[1:] == [
        (None, None, None, "Go", f"{above}@a;|"),
        (None, None, None, None, f"{above}@form;[name=kept];|@button;|"),
    ]
    assert "Ann" not in everything(server, environment)


# --- Addresses --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("href", "kept"),
    [
        ("https://ann:secret@shop.example/a?b=1", "https://shop.example/a?b=1"),
        ("//ann:secret@shop.example/", "http://shop.example/"),
        ("https:\\\\ann:secret@shop.example/", "https://shop.example/"),
        ("ht\ntps://secret@shop.example/", "https://shop.example/"),
        ("javascript:secret()", None),
        (" JavaScript:secret()", None),
        ("data:text/html,secret", None),
        ("blob:http://x/secret", None),
        ("file:///home/secret", None),
        ("mailto:ann@shop.example", "mailto:ann@shop.example"),
        ("/plain?a=@b", "/plain?a=@b"),
        ("http://ann:secret@[", None),
    ],
)
def test_passwords_and_code_in_the_address_of_a_link_stay_on_the_page(
    page, shop, server, environment, stored, href, kept
):
    visit(page, shop.url)
    page.evaluate(
        """(href) => {
            addEventListener('click', (event) => event.preventDefault());
            document.querySelector('#next').setAttribute('href', href);
        }""",
        href,
    )

    page.click("#next")

    assert stored(2, "target_href")[1] == (kept,)
    assert "secret" not in everything(server, environment)


def test_passwords_in_the_address_of_a_page_stay_there(page, shop, server, environment, stored):
    visit(
        page, f"{shop.url}/one?next=https://ann:secret@shop.example/x&mail=ann@shop.example#//bob:secret@shop.example"
    )
    page.evaluate("history.pushState({}, '', '/two')")

    rows = stored(2, "query, hash, referrer")
    assert rows[0][:2] == ("?next=https://shop.example/x&mail=ann@shop.example", "#//shop.example")
    assert "secret" not in everything(server, environment)


# --- Not tracked ------------------------------------------------------------------------------------------------------
def test_tracking_stops_and_starts(page, context, shop, server, environment, stored):
    visit(page, shop.url)
    stored(1)

    page.evaluate("heap.track('Before'); heap.stopTracking(); heap.track('No'); heap.identify('no')")
    page.evaluate("heap.addUserProperties({no: 1}); heap.addEventProperties({no: 1}); heap.resetIdentity()")
    page.click("#go")
    page.evaluate("history.pushState({}, '', '/no')")
    page.wait_for_timeout(500)
    page.evaluate("heap.startTracking(); heap.startTracking(); heap.track('After')")

    rows = stored(4, "name, path, properties")
    assert rows[1:] == [("Before", "/", {}), ("", "/no", {}), ("After", "/no", {})]
    assert page.evaluate("heap.getIdentity()") is None
    assert list(people(server, environment).values()) == [{}]


def test_a_page_with_tracking_disabled_keeps_and_sends_nothing_until_it_is_started(page, context, shop, stored, sent):
    shop.snippet = shop.snippet.replace("{ trackingServer", "{ disableTracking: true, trackingServer")
    shop.snippet += "<script>heap.track('Early'); heap.identify('early')</script>"
    page.goto(f"{shop.url}/one")
    page.wait_for_function("heap.loaded")
    page.click("#go")
    page.evaluate("heap.track('No')")
    assert page.evaluate("[heap.getUserId(), heap.getIdentity(), heap.getSessionId()]") == [None, None, None]
    page.wait_for_timeout(600)
    assert not context.cookies() and not page.evaluate("localStorage.length")
    assert not any("/h " in body or "/api/" in body for body in sent)

    page.evaluate("heap.startTracking(); heap.track('Yes')")

    assert stored(2, "kind, name, path") == [("pageview", "", "/one"), ("custom", "Yes", "/one")]


# --- Identities that name nobody --------------------------------------------------------------------------------------
NOBODY = [
    "undefined", "null", "NaN", "None", "[object Object]", "true", "false", "", "  ", "\u200b", "\ufeff\u00a0",
    "\u3164", "\u2800", " Undefined ", "NULL", "\U000e0041", "x" * 256,
]  # fmt: skip


def test_an_identity_that_names_nobody_identifies_nobody_and_says_so(page, shop, server, environment, stored):
    visit(page, shop.url)
    page.evaluate("heap.identify('ann')")
    page.console.clear()

    for identity in NOBODY:
        page.evaluate("(identity) => heap.identify(identity)", identity)
    for other in ("undefined", "null", "NaN", "true", "() => 1", "{}", "{handle: 'undefined'}", "[]", "Symbol('x')"):
        page.evaluate(f"heap.identify({other})")
    page.evaluate("heap.track('E')")

    assert page.evaluate("heap.getIdentity()") == "ann"
    stored(2)
    assert set(people(server, environment)) == {"ann"}
    assert sum("identif" in line for line in page.console) >= len(NOBODY) + 5


@pytest.mark.parametrize("identity", ["x" * 255, "Nullmann", "0", "🦊", "ñandú", "an\u200bn"])
def test_others_do(page, shop, server, environment, stored, identity):
    visit(page, shop.url)
    page.evaluate("(identity) => heap.identify(identity)", identity)
    page.evaluate("heap.track('E')")
    stored(2)

    assert set(people(server, environment)) == {identity}
