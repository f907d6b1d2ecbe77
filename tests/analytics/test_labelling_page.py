"""What was captured on a page, as a tree; small pictures of elements."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.definitions.bodies import DefinitionBody
from analytics.labelling.elements import Element, PagePlace
from analytics.labelling.picture import Picture, of_definition, of_element
from analytics.labelling.tree import Branch, tree
from analytics.models import Definition
from tests.analytics.factories import DefinitionFactory
from tests.analytics.label_script import COLUMNS, Labelling
from tests.analytics.rows import add_event
from tests.factories import EnvironmentFactory

PLACE = PagePlace("shop.example", "/products/17")
FORM = "@html;|@body;|@div;#root;|@form;#order;|"


def element(text="Buy", style="css-1x2y3z", within=FORM, tag="button", **more):
    return Element(tag, text, classes=style, hierarchy=f"{within}@{tag};.{style};|", **more)


def lines(branch: Branch, depth=0):
    """The tree as text."""
    yield from ("  " * depth + f"{each.name} {each.events}" for each in branch.captured)
    for each in branch.branches:
        yield "  " * depth + f"[{each.words}] {each.events}"
        yield from lines(each, depth + 1)


def test_two_builds_of_a_page_are_one_tree_and_levels_that_hold_one_thing_are_one_line():
    found = tree(
        "click",
        PLACE,
        [
            (element(), 5),
            (element(style="css-9z8y7x"), 2),
            (element("Back", within="@html;|@body;|@nav;.main-menu;|"), 3),
            (Element("a", "Nowhere"), 1),
        ],
    )

    assert list(lines(found)) == [
        "Click on Nowhere 1",
        "[html › body] 10",
        "  [div#root › form#order] 7",
        "    Click on Buy 7",
        "  [nav.main-menu] 3",
        "    Click on Back 3",
    ]


def test_a_hierarchy_without_an_end_is_a_tree_of_few_levels():
    deep = [(element(str(n), within="".join(f"@a{n % k};|" for k in range(1, 900))), n) for n in range(1, 60)]

    root = tree("click", PLACE, deep)

    def depth(branch):
        return 1 + max((depth(each) for each in branch.branches), default=0)

    assert (depth(root) <= 10, root.events) == (True, sum(range(1, 60)))


@pytest.mark.parametrize(
    ("shown", "picture"),
    [
        (element(), ("button", "Buy")),
        (Element("a", "", "/cart"), ("link", "/cart")),
        (Element("input", hierarchy="@form;|@input;[name=q];[type=search];|"), ("field", "q")),
        (Element("input", hierarchy="@input;[type=checkbox];[name=terms];|"), ("check", "terms")),
        (Element("input", "Send", hierarchy="@input;[type=submit];|"), ("button", "Send")),
        (Element("div", "****", id="menu"), ("box", "#menu")),
        (Element("div", "\u202eevil  \n text"), ("box", "\ufffdevil text")),
        (Element("li", classes="css-1x2y3z"), ("box", "<li>")),
        (Element("p", "long " * 50), ("box", ("long " * 50)[:39] + "…")),
        (Element(), ("box", "")),
    ],
)
def test_pictures_of_elements(shown, picture):
    assert of_element(shown) == Picture(*picture)


def body(event, *conditions, match="all"):
    stored = [{"field": f"event:{name}", "op": operator, "value": value} for name, operator, value in conditions]
    return DefinitionBody.from_json(
        {"alternatives": [{"event": event, "where": {"match": match, "conditions": stored}}]}
    )


@pytest.mark.parametrize(
    ("conditions", "picture"),
    [
        ([("target_tag", "is", "button"), ("target_text", "is", "Buy")], ("button", "Buy")),
        ([("target_tag", "is", "a"), ("target_href", "matches", "/item/*")], ("link", "/item/…")),
        ([("target_text", "contains", "Buy"), ("path", "is", "/x")], ("box", "…Buy…")),
        ([("target_tag", "is", "input"), ("target_hierarchy", "contains", "[name=q];")], ("field", "q")),
        ([("target_hierarchy", "matches", "*@form;*|@button;*|")], ("button", "<button>")),
        ([("target_class", "contains", "cart-button")], ("box", ".cart-button")),
        ([("target_text", "is_not", "Buy")], None),
        ([("path", "is", "/pricing")], None),
    ],
)
def test_pictures_of_definitions(conditions, picture):
    assert of_definition(body("kind:click", *conditions)) == (Picture(*picture) if picture else None)


def test_what_is_no_element_has_no_picture():
    buy = ("target_text", "is", "Buy")

    assert of_definition(body("event:click", buy)) is None
    assert of_definition(body("builtin:pageview", buy)) is None
    assert of_definition(body("kind:click", buy, ("target_tag", "is", "a"), match="any")) is None


@pytest.fixture
def labelling(db):
    return Labelling()


def url(labelling, **parameters):
    return reverse("analytics:label_page", args=[labelling.environment.app_id], query=parameters)


def clicked(labelling, ago=timedelta(), **columns):
    return add_event(labelling.environment, ago=ago, **COLUMNS | columns)


def test_from_the_busy_pages_to_a_definition_that_counts_the_same(labelling):
    for _ in range(3):
        clicked(labelling)
    clicked(labelling, kind="change", target_tag="select", target_text="")
    clicked(labelling, ago=timedelta(days=9))
    clicked(labelling, path="/pricing")
    add_event(EnvironmentFactory(), **COLUMNS | {"path": "/theirs"})

    busy = labelling.client.get(url(labelling)).content.decode()
    [link] = re.findall(r'href="(\?page=[^"]*products[^"]*)"', busy)
    page = labelling.client.get(url(labelling) + link.replace("&amp;", "&")).content.decode()

    assert "/theirs" not in busy
    assert busy.index("/products/17") < busy.index("/pricing")
    assert "3 clicks" in page and "form#order" in page
    [definition] = re.findall(r'href="([^"]*/definitions/new/\?[^"]*)"', page)
    form_page = labelling.client.get(definition.replace("&amp;", "&"))
    assert re.search(r">3 <span[^>]*>events in the last 7 days", form_page.content.decode())
    path, _, query = definition.replace("&amp;", "&").partition("?")
    assert labelling.client.post(path, parse_qs(query)).status_code == 302
    assert Definition.objects.get().name == "Click on Buy"
    assert (
        'class="picture picture--button"'
        in labelling.client.get(
            reverse("analytics:definition_list", args=[labelling.environment.app_id])
        ).content.decode()
    )
    changes = labelling.client.get(url(labelling, page="/products/17", kind="change")).content.decode()
    assert "1 change" in changes and "Buy" not in changes


def test_a_page_where_nothing_was_clicked_opens_with_what_happened(labelling):
    clicked(labelling, kind="submit", target_tag="form", target_text="")

    found = labelling.client.get(url(labelling, page="/products/17")).content.decode()
    asked = labelling.client.get(url(labelling, page="/products/17", kind="click")).content.decode()

    assert "1 submit" in found and "Nothing captured here" not in found
    assert "Nothing captured here" in asked


def test_who_may_only_look_gets_graphs_and_no_forms(db):
    labelling = Labelling(read_only=True)
    clicked(labelling)

    page = labelling.client.get(url(labelling, page="/products/17")).content.decode()

    assert "/definitions/new/" not in page
    [graph] = re.findall(r'href="([^"]*/graph/\?[^"]*)"', page)
    graph = graph.replace("&amp;", "&")
    assert labelling.client.get(graph).status_code == 200
    assert parse_qs(urlsplit(graph).query)["series.0.event"] == ["kind:click"]


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("https://shop.example/products/17?x=1#top", 200),
        ("shop.example/products/17", 200),
        ("https://café.example/é", 200),
        ("javascript:alert(1)", 422),
        ("//", 422),
        ("\0", 200),
        ("/" + "a" * 1900, 200),
        ("/" + "a" * 9000, 422),
        ("https://a@b/", 422),
        ("/#/cart", 200),
    ],
)
def test_addresses_as_people_type_them(labelling, typed, status):
    clicked(labelling)

    response = labelling.client.get(url(labelling, page=typed, kind="none"))

    assert response.status_code == status
    assert ("1 click" in response.content.decode()) == ("shop.example" in typed)


def test_what_was_captured_is_text_and_the_queries_are_few(labelling):
    clicked(labelling, target_text="<script>alert(1)</script>", target_id='"><b>', target_hierarchy="@<i>;|@a;|")
    address = url(labelling, page="/products/17")
    labelling.client.get(address)  # it opens the session
    with CaptureQueriesContext(connection) as few:
        page = labelling.client.get(address).content.decode()
    for n in range(400):
        clicked(labelling, target_text=f"{'x' * n}", target_hierarchy=f"@div;#part{n % 9};|@a;|")

    with CaptureQueriesContext(connection) as many:
        response = labelling.client.get(address)

    assert "<script>alert" not in page and "<b>" not in page and "<i>" not in page
    assert len(many) == len(few)
    assert "and no others" in response.content.decode()


def test_a_definition_that_cannot_be_read_is_listed(labelling):
    DefinitionFactory(environment=labelling.environment, body={"alternatives": []})

    url = reverse("analytics:definition_list", args=[labelling.environment.app_id])

    assert labelling.client.get(url).status_code == 200
