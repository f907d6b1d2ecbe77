"""From an element to conditions: what is proposed for elements of real pages, and what holds for any element."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.labelling.elements import MOST_LEVELS, MOST_PARTS, Element, PagePlace
from analytics.labelling.generated import is_made_up, is_telling_class, varies
from analytics.labelling.proposal import DEEDS, propose, words
from analytics.questions.conditions import Condition, Operator
from tests.analytics.oracle import holds

MADE_UP = """
css-1x2y3z css-abcde sc-bdVaJa bdVaJa kJzXqP Button_primary__3xY2z Button__primary--a1b2c _button_1x2y3_12
svelte-1a2b3c jsx-1234567 jss42 makeStyles-root-12 MuiButton-root-17 ng-tns-c12-3 _ngcontent-abc-c12 :r1:
radix-:r1: radix-12 «r2» _r_1_ v-0-1 data-v-7ba5bd90 headlessui-menu-button-3 react-select-2-input mat-input-3
ember123 yui_3_18_1 ui-id-4 e1xk2m3p0 123e4567-e89b-12d3-a456-426614174000
field-123e4567-e89b-12d3-a456-426614174000 1a2b3c4d 42 astro-j7pv25f6 go1234567
""".split()  # noqa: SIM905  a list as one reads it
WRITTEN = """
buy checkout-form nav-main btn btn-primary signUp loginButton cart2 section1 step-2 h2 header__logo card
card--featured mainNav product_list search-field customer register newsletter-signup hero addToCart
cta-download facade email
""".split()  # noqa: SIM905  a list as one reads it
NOT_TELLING = [
    "p-4",
    "flex",
    "w-[32px]",
    "hover:bg-red-500",
    "md:flex",
    "mt-2",
    "text-sm",
    "is-open",
    "active",
    "w-1/2",
]
VARYING = ["17", "2026-01-02", "123e4567-e89b-12d3-a456-426614174000", "a1b2c3d4", "17-red-shoes", "red-shoes-17",
           "how-to-bake-good-bread", "@ada", "ada%40shop.example"]  # fmt: skip
FIXED = ["products", "v2", "sign-up", "terms-and-conditions", "cart", "", "about_us"]


@pytest.mark.parametrize("name", MADE_UP)
def test_names_that_programs_make_are_recognised(name):
    assert is_made_up(name)
    assert not is_telling_class(name)


@pytest.mark.parametrize("name", WRITTEN)
def test_names_that_people_write_are_not_taken_for_those(name):
    assert not is_made_up(name)


def test_what_an_element_looks_like_or_is_at_the_moment_tells_nothing():
    assert [each for each in NOT_TELLING if is_telling_class(each)] == []


def test_parts_of_a_path_that_vary():
    assert [each for each in VARYING if not varies(each)] == []
    assert [each for each in FIXED if varies(each)] == []


def button(**fields) -> Element:
    return Element(**{"tag": "button", "hierarchy": "@body;|@form;#order;|@button;|", **fields})


def said(element: Element, path: str = "/products/17", **page) -> tuple[list[str], str]:
    """The ticked conditions, and the scope."""
    made = propose("click", element, PagePlace("shop.example", path, "Shoes", **page))
    return [words(each.condition) for each in made.offered if each.ticked], made.scope


TAG, LINK = "Element tag is “button”", "Element tag is “a”"


@pytest.mark.parametrize(
    ("element", "ticked", "scope"),
    [
        (button(id="buy", text="Buy", classes="btn css-1x2y3z"), [TAG, "Element id is “buy”"], "all"),
        (button(id=":r1:", text="Buy", classes="css-1x2y3z"), [TAG, "Target text is “Buy”"], "like"),
        (button(id="row-17", classes="css-1x2y3z"), [TAG, "Element id matches (with *) “row-*”"], "like"),
        (button(text="3 items"), [TAG, "Target text matches (with *) “* items”"], "like"),
        (button(text="€ 12.50", classes="css-abcde price-tag"), [TAG, "Element class contains “price-tag”"], "like"),
        (button(text="****"), [TAG, "Hierarchy contains “#order;”"], "like"),
        (
            button(hierarchy="@body;|@form;|@button;[name=plan];[type=submit];|", text="Go"),
            [TAG, "Hierarchy contains “[name=plan];”"],
            "all",
        ),
        (
            button(hierarchy="@body;|@div;.css-1x2y3z;|@button;|"),
            [TAG, "Hierarchy matches (with *) “*@body;*|@div;*|@button;*|”"],
            "like",
        ),
        (Element("a", "Details", "/products/18?from=list"), [LINK, "Href matches (with *) “/products/*?*”"], "like"),
        (Element("a", "Pricing", "/pricing"), [LINK, "Href is “/pricing”"], "all"),
        (Element("a", "Pricing", "https://b2.example/x"), [LINK, "Href is “https://b2.example/x”"], "all"),
    ],
)  # fmt: skip
def test_what_is_proposed(element, ticked, scope):
    assert said(element) == (ticked, scope)


@pytest.mark.parametrize("hostile", ["@", "@;", "@a;|", "@a;.b;", "@a;" + "[a=", "@a;#b-", "@a;" + ".c-1;"])
def test_a_hierarchy_that_somebody_made_up_is_read_in_one_pass(hostile):
    """Everybody can send one. At the square of its length, each of these would take minutes."""
    levels = Element("a", hierarchy=hostile * 500_000 + ";]|@b;|").levels

    assert len(levels) <= MOST_LEVELS
    assert all(len(each.classes) + len(each.attributes) <= MOST_PARTS for each in levels)
    assert propose("click", Element("a", id="a-" * 500 + "!", hierarchy=hostile * 1_000), PagePlace("d", "/")).name


def test_names_of_fields_with_brackets_tell():
    """As PHP and Rails have them."""
    field = Element("input", hierarchy="@form;|@input;[name=order[items][]];[type=text];|")

    assert said(field) == (["Element tag is “input”", "Hierarchy contains “[name=order[items][]];”"], "all")


def test_the_pages():
    def scopes(path, **page):
        return [each.words for each in propose("click", button(), PagePlace("d", path, **page)).scopes]

    assert scopes("/products/17") == ["This page: /products/17", "Pages like this: /products/*", "All pages"]
    assert scopes("/products/shoes/") == ["This page: /products/shoes/", "Pages like this: /products/*/", "All pages"]
    assert scopes("/pricing") == ["This page: /pricing", "All pages"]
    assert scopes("/app", hash="#/cart/17") == ["This page: #/cart/17", "Pages like this: #/cart/*", "All pages"]
    assert scopes("/app", hash="#part") == ["This page: /app", "All pages"]
    assert scopes("") == ["All pages"]


text = st.text(max_size=30) | st.text("ab-_.:*%\\@;|#[]=017 Zé/?", max_size=30)
levels = st.lists(
    st.builds("@{};#{};.{};[name={}];|".format, *[st.text("abcXYZ019-_:", min_size=1, max_size=9)] * 4), max_size=5
)
elements = st.builds(
    Element,
    st.sampled_from(["", "a", "button", "my-card"]),
    text, text, text, text, levels.map("".join),
)  # fmt: skip
pages = st.builds(PagePlace, text, st.just("") | text.map("/{}".format), text, text.map("#{}".format))


def value_of(condition: Condition, element: Element, page: PagePlace) -> str | None:
    return (element.columns | page.columns).get(condition.field.key)


@given(st.sampled_from(sorted(DEEDS)), elements, pages)
def test_whatever_is_offered_holds_for_the_element_itself_and_tells_at_least_its_tag(kind, element, page):
    element, page = Element.read({**vars(element), "class": element.classes}), PagePlace.read(vars(page))

    made = propose(kind, element, page)

    assert made.name and len(made.name) <= 200
    assert made.scope in [each.name for each in made.scopes]
    every = [each.condition for each in made.offered] + [each for scope in made.scopes for each in scope.conditions]
    assert len(every) <= 20
    for each in every:
        assert holds(each, value_of(each, element, page)), each
    if element.tag:
        assert made.offered[0].condition.value == element.tag
        assert made.offered[0].ticked
    for each in made.offered:
        if each.condition.operator is Operator.MATCHES:
            assert re.search("[^*|/?]", each.condition.value), "it would hold for everything"
    assert sum(each.ticked for each in made.offered) <= 2, "too narrow"


@given(
    st.sampled_from(["css-{}", "sc-{}", ":r{}:", "Button_root__{}", "svelte-{}"]),
    st.from_regex("[0-9][a-z][0-9][a-z][0-9]", fullmatch=True),
)
def test_another_build_of_the_page_leads_to_the_same_conditions(style, made):
    """Only what programs made up differs: the id, the classes, those of the elements around."""

    def built(unique):
        name = style.format(unique)
        hierarchy = f"@body;|@div;#{name};.{name};|@button;#{name};.{name};.cta;|"
        return propose("click", Element("button", "", "", name, f"{name} cta", hierarchy), PagePlace("d", "/a/b"))

    assert built(made).conditions == built("9z8y7").conditions
