"""Sessions while the database cannot store anything: those that are there work, and who needs a new one is told why."""

from typing import Any

from django.contrib.sessions import middleware
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from common.database import cannot_store

READING = ("GET", "HEAD")


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:
        """Raises the database's error if there is no room. Django says then that somebody deleted the session."""
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, DatabaseError) and cannot_store(error.__context__):
                raise error.__context__ from error.__context__.__cause__
            raise


class SessionMiddleware(middleware.SessionMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponse) -> Any:
        """A page comes all the same if the session cannot note something, such as the environment opened last."""
        try:
            return super().process_response(request, response)
        except DatabaseError as error:
            if request.method not in READING or not cannot_store(error):
                raise
        patch_vary_headers(response, ["Cookie"])
        return response
