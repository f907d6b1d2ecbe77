"""Colours and sizes have their names in tokens.css and stand nowhere else; classes are used; the pages stay light."""

import ast
import gzip
import re
from functools import cache
from pathlib import Path

import django
import django_htmx
import pytest
from django.urls import reverse

from tests.reach import code_of, our_code

ROOT = Path(__file__).resolve().parent.parent
DJANGO = Path(django.__file__).parent
HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx" / "htmx-2.min.js"
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
TOKENS, DARK = (ROOT / "static" / "css" / name for name in ("tokens.css", "dark.css"))
BUDGET_BYTES = 60 * 1024  # of all CSS and JavaScript of a page together, compressed

COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(|(?<![\w-])(?:white|black|red|green|blue|gr[ae]y)(?![\w-])",
    re.IGNORECASE,
)
SIZE = re.compile(r"(?<![\w-])\d*\.?\d+(?:px|rem|pt|cm|mm|ms)\b")
DEFINITION = re.compile(r"^\s*(--[\w-]+):", re.MULTILINE)
USE = re.compile(r"var\((--[\w-]+)(,)?")
CLASS = re.compile(r"\.(-?[a-z_][\w-]*)", re.IGNORECASE)
ATTRIBUTE = re.compile(r'class="((?:\{%.*?%\}|\{\{.*?\}\}|[^"{])*)"', re.DOTALL)
TAG = re.compile(r"\{[%{].*?[%}]\}", re.DOTALL)
QUOTED = re.compile(r"""(["'`])([^"'`\n]*)\1""")
BEGINNING = re.compile(r"([\w-]+-)(?:[{%$]|$)")  # of a name that is put together: badge--{{ kind }}


ASKS = re.compile(r"\{% (?:extends|include) (.*?)%\}")
FILE = re.compile(r"[\w/-]+\.html")
STATIC = re.compile(r'\{% static "((?:css|js)/[\w.-]+)" %\}')
IMPORT = re.compile(r'from "\./([\w.-]+\.js)"')


def rules(path):
    """The stylesheet without comments and without the conditions of its @media, which cannot use names."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    return re.sub(r"@media[^{]*", "", text)


@pytest.mark.parametrize("path", [path for path in STYLES if path not in (TOKENS, DARK)], ids=lambda path: path.name)
def test_colours_and_sizes_are_named_in_tokens(path):
    text = rules(path)

    assert COLOUR.findall(text) == []
    assert SIZE.findall(text) == []


def test_every_name_that_is_used_is_defined():
    defined = {name for path in STYLES for name in DEFINITION.findall(rules(path))}
    used = {name for path in STYLES for name, fallback in USE.findall(rules(path)) if not fallback}

    assert used - defined == set()


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_every_class_is_used(path):
    words, beginnings = used_words(path.name == "staff.css")
    defined = {name for selector in re.findall(r"([^{}]*)\{", rules(path)) for name in CLASS.findall(selector)}

    def is_put_together(name):
        return any(name.startswith(part) and name[len(part) :] in words for part in beginnings)

    assert {name for name in defined - words if not is_put_together(name)} == set()


@cache
def used_words(of_staff):
    """Words of pages, scripts and Python that may be a class, and beginnings that classes are put together from."""
    admin = [DJANGO / "contrib" / "admin"] if of_staff else []
    pages = [path for folder in [ROOT, *admin] for path in (folder / "templates").rglob("*.html")]
    scripts = [*(ROOT / "static" / "js").glob("*.js"), HTMX]
    code = [*our_code(), *code_of(DJANGO / "forms", *admin)]
    texts = [
        *(text for path in pages for text in texts_of_page(path.read_text())),
        *(text for path in scripts for _, text in QUOTED.findall(path.read_text())),
        *(text for module in code for text in texts_of_module(module)),
    ]
    words = {word for text in texts for word in re.findall(r"[\w-]+", text)}
    numbers = {str(number) for number in range(11)}  # of series and of shades
    return words | numbers, {part for text in texts for part in BEGINNING.findall(text)}


def texts_of_page(page):
    yield from ATTRIBUTE.findall(page)
    for tag in TAG.findall(page):
        yield from (text for _, text in QUOTED.findall(tag))


def texts_of_module(module):
    docstrings = {id(part.value) for part in ast.walk(module) if isinstance(part, ast.Expr)}
    for part in ast.walk(module):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and id(part) not in docstrings:
            yield part.value


def test_the_dark_theme_renames_every_colour():
    colours = {name for name, value in re.findall(r"(--[\w-]+):([^;]+);", rules(TOKENS)) if COLOUR.search(value)}

    assert colours - set(DEFINITION.findall(rules(DARK))) == {"--paper"}


def test_css_and_javascript_keep_to_the_budget():
    pages = [name for name in templates() if "{% extends" in templates()[name] and not name.startswith("admin/")]

    sizes = {name: sum(size_of(file) for file in files_of(name)) for name in pages}

    assert len(files_of("analytics/dashboard.html")) > 12
    assert len(sizes) > 100
    assert {name: size for name, size in sizes.items() if size > BUDGET_BYTES} == {}


@cache
def templates():
    """The text of each template of ours, by name."""
    folder = ROOT / "templates"
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.html")}


def files_of(page):
    """The stylesheets and scripts of a page: of its template, and of all that this extends, includes or imports."""
    names, todo = set(), {page}
    while todo:
        name = todo.pop()
        names.add(name)
        todo |= {other for tag in ASKS.findall(templates().get(name, "")) for other in FILE.findall(tag)} - names
    text = "".join(templates().get(name, "") for name in names)
    ours = {ROOT / "static" / file for file in STATIC.findall(text)}
    imported = {script.parent / other for script in ours for other in IMPORT.findall(script.read_text())}
    return ours | imported | ({HTMX} if "{% htmx_script %}" in text else set())


@cache
def size_of(path):
    return len(gzip.compress(path.read_bytes()))


@pytest.mark.django_db
def test_pages_travel_compressed(client):
    plain = client.get(reverse("account_login"))
    response = client.get(reverse("account_login"), headers={"Accept-Encoding": "gzip, br"})

    assert response["Content-Encoding"] == "gzip"
    assert len(response.content) < len(plain.content) / 2


def test_no_template_styles_or_scripts_inline():
    allowed = re.compile(r'<script\s[^>]*(?:src=|type="application/json")')
    found = [
        f"{path.relative_to(ROOT)}: {match}"
        for path in (ROOT / "templates").rglob("*.html")
        if "mail" not in path.parts
        for match in re.findall(r'<script[^>]*>|<style[^>]*>|\sstyle="|\son[a-z]+="', path.read_text())
        if not allowed.match(match)
    ]

    assert found == []
