"""Paths with a slash too many. An address of the server that ends in one makes them: `https://collect.example//h`."""

import re

ROOT = "/api/public/v0/"  # of the API for programs with an API key
_SEVERAL = re.compile("//+")


def squeezed(path: str) -> str:
    """`path` without doubled slashes, and without one at the end."""
    return _SEVERAL.sub("/", path).rstrip("/") or "/"


def with_slashes(path: str, *further: str) -> str:
    """A regular expression for all that `squeezed` turns into `path`, as Django matches it: without its first slash.

    `further` parts of the path are expressions themselves.
    """
    parts = [*(re.escape(part) for part in path.strip("/").split("/")), *further]
    return f"^(?:/*){'/+'.join(parts)}/*$"
