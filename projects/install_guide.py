"""What the Install page shows to copy, for each way to send events."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from projects.client_guide import clients
from projects.snippet import curl, snippet


@dataclass(frozen=True)
class InstallStep:
    """One thing to do: `words` for people, perhaps a text to copy, and what that is; perhaps under a heading."""

    words: str
    text: str = ""
    label: str = ""
    heading: str = ""
    ran: bool = False  # whether our tests run the text


@dataclass(frozen=True)
class Way:
    """A way to send events. `key` is its name in the URL."""

    key: str
    label: str
    steps: tuple[InstallStep, ...]


WAYS = {
    "site": "Web site",
    "npm": "npm and React",
    "next": "Next.js",
    "gtm": "Tag manager",
    "wordpress": "WordPress",
    "server": "Server",
    "clients": "Clients made for Heap",
}


def way(key: str, *, app_id: str, site_url: str) -> Way:
    """The way of this key (of WAYS), with the texts for one environment."""
    where = {"app_id": app_id, "site_url": site_url}
    steps = {
        "site": _site,
        "npm": _npm,
        "next": _next,
        "gtm": _gtm,
        "wordpress": _wordpress,
        "server": _server,
        "clients": _clients,
    }[key]
    return Way(key, WAYS[key], steps(**where))


def csp(site_url: str) -> str:
    """What the Content-Security-Policy of a site must allow besides what it allows already."""
    parts = urlsplit(site_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return "\n".join(f"{directive} {origin};" for directive in ("script-src", "connect-src", "img-src"))


def _site(*, app_id: str, site_url: str) -> tuple[InstallStep, ...]:
    text = snippet(app_id=app_id, site_url=site_url)
    return (
        InstallStep("Paste this into the <head> of every page, as far up as you can.", text, "the snippet"),
        InstallStep(
            "Heap's own snippets work too, those of today and the older ones: load them from this server, and replace "
            "the app_id."
        ),
    )


def _inner(app_id: str, site_url: str) -> str:
    """The snippet without its script element."""
    text = snippet(app_id=app_id, site_url=site_url)
    return text.removeprefix("<script>\n").removesuffix("\n</script>")


def _npm(*, app_id: str, site_url: str) -> tuple[InstallStep, ...]:
    lines = "\n".join(line.removeprefix("  ") for line in _inner(app_id, site_url).splitlines())
    use = (
        'import "./heap";\n\nwindow.heap.track("Signed up", { plan: "pro" });\nwindow.heap.identify("ada@example.com");'
    )
    return (
        InstallStep("Save this as src/heap.js. No package is needed.", lines, "heap.js"),
        InstallStep(
            "Import it once, before anything else of your application. Pages of a router are noticed by themselves.",
            use,
            "how it is used",
        ),
        InstallStep(
            "Packages made for Heap (react-heap, reactjs-heap, gatsby-plugin-heap, Segment's destination) work "
            "if they let you name the server: give them this address.",
            site_url,
            "the address",
        ),
    )


def _next(*, app_id: str, site_url: str) -> tuple[InstallStep, ...]:
    text = (
        'import Script from "next/script";\n\n'
        "export default function RootLayout({ children }) {\n"
        "  return (\n"
        '    <html lang="en">\n'
        "      <body>\n"
        "        {children}\n"
        f'        <Script id="heap" strategy="afterInteractive">{{`\n{_inner(app_id, site_url)}\n        `}}</Script>\n'
        "      </body>\n"
        "    </html>\n"
        "  );\n"
        "}"
    )
    return (
        InstallStep(
            "Add the Script to app/layout.js. Changes of the route are counted by themselves.", text, "the layout"
        ),
        InstallStep("With a Content-Security-Policy, give the Script your nonce: <Script nonce={nonce} …>."),
    )


def _gtm(*, app_id: str, site_url: str) -> tuple[InstallStep, ...]:
    return (
        InstallStep(
            "Make a tag of the type Custom HTML with this text, and let it fire on All Pages.",
            snippet(app_id=app_id, site_url=site_url),
            "the tag",
        ),
        InstallStep(
            "For an event of your own, another Custom HTML tag, which fires after that one (Tag Sequencing).",
            '<script>\n  window.heap && heap.track("Order", { amount: {{Order amount}} });\n</script>',
            "a tag for an event",
        ),
    )


def _wordpress(*, app_id: str, site_url: str) -> tuple[InstallStep, ...]:
    text = snippet(app_id=app_id, site_url=site_url)
    code = f"add_action( 'wp_head', function () {{ ?>\n{text}\n<?php }} );"
    return (
        InstallStep("With a plugin that adds code to the head of each page: the snippet.", text, "the snippet"),
        InstallStep(
            "Without a plugin: this at the end of your theme's functions.php.", code, "the lines for functions.php"
        ),
    )


def _server(*, app_id: str, site_url: str) -> tuple[InstallStep, ...]:
    event = {"app_id": app_id, "identity": "ada@example.com", "event": "Signed up", "properties": {"plan": "pro"}}
    python = f'import requests\n\nrequests.post("{site_url}/api/track", timeout=10, json={event!r}).raise_for_status()'
    node = (
        f'await fetch("{site_url}/api/track", {{\n  method: "POST",\n'
        '  headers: { "Content-Type": "application/json" },\n'
        f"  body: JSON.stringify({json.dumps(event)}),\n}});"
    )
    return (
        InstallStep(
            "Post events as JSON. The answer is OK once the event is stored.",
            curl(app_id=app_id, site_url=site_url),
            "the curl line",
        ),
        InstallStep("Python, with requests:", python, "the Python lines"),
        InstallStep("Node, from version 18 on:", node, "the Node lines"),
    )


def _clients(*, app_id: str, site_url: str) -> tuple[InstallStep, ...]:
    first = InstallStep(
        "Each client takes an app_id, and needs the address of this server instead of Heap's. Some have an option for "
        "it; the others need a few lines."
    )
    guides = clients(app_id=app_id, site_url=site_url).values()
    steps = (
        InstallStep(each.words, each.text, f"the lines for {each.name}", heading=each.name, ran=each.ran)
        for of_heading in guides
        for each in of_heading
    )
    return (first, *steps)
