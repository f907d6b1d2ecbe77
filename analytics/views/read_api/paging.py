"""Lists in pages: `?limit=`, and `?cursor=` as the page before gave it. A page follows a key, so nothing is skipped.

The cursor is the key of the last row, encoded so that nobody builds one.
"""

import base64
import binascii
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse

from common import links
from common.problems import Problem

USUAL, MOST = 100, 200  # rows of a page
MOST_DIGITS = 9
JsonRow = dict[str, Any]


@dataclass(frozen=True)
class WantedPage:
    """The page that a request asks for: its rows at most, and the key of the row before it ("" for the first)."""

    limit: int
    after: str

    @classmethod
    def of(cls, request: HttpRequest) -> "WantedPage":
        """Raises Problem."""
        limit, cursor = request.GET.get("limit", str(USUAL)), request.GET.get("cursor", "")
        is_number = limit.isascii() and limit.isdecimal() and len(limit) <= MOST_DIGITS
        if not is_number or not 1 <= int(limit) <= MOST:
            raise Problem(400, "parameters", f"limit must be from 1 to {MOST}.", errors={"limit": f"1 to {MOST}"})
        try:
            after = base64.urlsafe_b64decode(cursor).decode()
        except (binascii.Error, ValueError):
            raise no_such_page() from None
        if "\0" in after:
            raise no_such_page()
        return cls(int(limit), after)


def no_such_page() -> Problem:
    return Problem(400, "parameters", "There is no such page.", errors={"cursor": "Take next_cursor as it is."})


def page(request: HttpRequest, rows: Iterable[JsonRow], next_key: str | None) -> HttpResponse:
    """A page of a list: its rows, and the cursor of the next page (None on the last one)."""
    cursor = base64.urlsafe_b64encode(next_key.encode()).decode() if next_key else None
    response = JsonResponse({"data": list(rows), "next_cursor": cursor})
    return with_next(request, response, {"cursor": cursor} if cursor else None)


def with_next(request: HttpRequest, response: HttpResponse, changed: dict[str, str] | None) -> HttpResponse:
    """Say in a header where the next page is: the same address with `changed` parameters; None on the last page."""
    if changed:
        query = [(name, value) for name, values in request.GET.lists() if name not in changed for value in values]
        url = links.absolute(f"{request.path}?{urlencode([*query, *changed.items()])}")
        response["Link"] = f'<{url}>; rel="next"'
    return response


def page_of(
    request: HttpRequest, found: QuerySet[Any], key: str, as_key: Callable[[str], Any] = str
) -> tuple[list[Any], str | None]:
    """The wanted rows of `found` in the order of the unique field `key`, and the key of the last one if more follow.

    `as_key` turns a cursor's text into a value of the field, or raises ValueError.
    """
    wanted = WantedPage.of(request)
    if wanted.after:
        try:
            found = found.filter(**{f"{key}__gt": as_key(wanted.after)})
        except ValueError:
            raise no_such_page() from None
    rows = list(found.order_by(key)[: wanted.limit + 1])
    has_more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    return rows, str(getattr(rows[-1], key)) if has_more else None
