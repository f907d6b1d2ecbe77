"""What a person could click on a page: its links, its forms, and what htmx makes of other elements."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from django.urls import resolve

SAFE = ("hx-get", "data-picker")  # what it asks when typed into
HTMX_UNSAFE = ("hx-post", "hx-put", "hx-patch", "hx-delete")


@dataclass
class Form:
    """A form, or a button of htmx: where it goes, and the values that it starts with."""

    action: str
    method: str
    data: dict[str, str] = field(default_factory=dict)


class _Page(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.links: list[str] = []
        self.forms: list[Form] = []
        self._form: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in given and "download" not in given:
            self._link(given["href"])
        for name in SAFE:
            if name in given:
                self._link(given[name])
        for name in HTMX_UNSAFE:
            if name in given:
                self.forms.append(Form(self._absolute(given[name]), "post"))
        if tag == "form":
            method = given.get("method", "get").lower()
            self._form = Form(self._absolute(given.get("action", "")), method)
            if method != "dialog":
                self.forms.append(self._form)
        elif tag in ("input", "button") and self._form is not None and given.get("name"):
            self._form.data[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None

    def _absolute(self, href: str) -> str:
        return urljoin(self.url, href)

    def _link(self, href: str) -> None:
        absolute = self._absolute(href).partition("#")[0]
        if absolute.startswith("/") and not urlsplit(absolute).netloc:
            self.links.append(absolute)


def _page(response) -> _Page:
    chain = getattr(response, "redirect_chain", None)
    page = _Page(chain[-1][0] if chain else response.request["PATH_INFO"])
    if not response.streaming and response.get("Content-Type", "").startswith("text/html"):
        page.feed(response.content.decode())
    return page


def links_of(response) -> list[str]:
    """The paths of our own that links of this page lead to."""
    return _page(response).links


def forms_of(response) -> list[Form]:
    """The page's forms, and what htmx posts."""
    return _page(response).forms


def pages_of(client):
    """(URL, answer) of one page of each kind that links lead to, from the first page on."""
    waiting, seen = ["/"], set()
    while waiting:
        url = waiting.pop()
        response = client.get(url, follow=True)
        yield url, response
        for link in links_of(response):
            if (place := place_of(link)) not in seen:
                seen.add(place)
                waiting.append(link)


def place_of(url: str) -> tuple[str, tuple]:
    """The view and ids of a URL: its query does not count as another place."""
    match = resolve(url.partition("?")[0])
    return match.view_name, tuple(match.kwargs.items())


def text_of(response) -> str:
    return (b"".join(response.streaming_content) if response.streaming else response.content).decode(errors="replace")
