"""Refusals of an API as JSON (RFC 9457, application/problem+json): what is wrong, for people and for programs."""

import json
from http import HTTPStatus
from typing import Any

from django.http import HttpResponse

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that is refused. `code` names the reason and never changes, `detail` says it in a sentence.

    `more` are further members of the answer, such as the parameters that are wrong.
    """

    def __init__(
        self, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> None:
        super().__init__(detail)
        self.status, self.headers = status, headers
        self.body = {"title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail} | more

    def response(self) -> HttpResponse:
        return HttpResponse(json.dumps(self.body), status=self.status, content_type=CONTENT_TYPE, headers=self.headers)
