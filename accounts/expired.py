"""Deletes sessions that ended by themselves, what the cache no longer counts, and SAML answers that have ended."""

from django.conf import settings
from django.db import connection

STEP_ROWS = 5_000
SESSIONS = """
delete from django_session where session_key = any(array(
       select session_key from django_session where expire_date < now() limit %(most)s for update skip locked))
"""
# How allauth lists where somebody is signed in; their sessions may be gone for other reasons too.
SIGNED_IN = """
delete from usersessions_usersession where id = any(array(
       select id from usersessions_usersession u
        where not exists (select from django_session s where s.session_key = u.session_key)
          and created_at < now() - interval '1 hour' limit %(most)s for update skip locked))
"""
CACHE = """
delete from {table} where cache_key = any(array(
       select cache_key from {table} where expires < now() limit %(most)s for update skip locked))
"""
SAML_ANSWERS = """
delete from accounts_samlanswer where id = any(array(
       select id from accounts_samlanswer where ends_at < now() limit %(most)s for update skip locked))
"""


def forget_expired(most: int = STEP_ROWS) -> int:
    """Delete at most so many rows of each kind; returns how many went in all."""
    statements = (SESSIONS, SIGNED_IN, SAML_ANSWERS, CACHE.format(table=settings.CACHES["default"]["LOCATION"]))
    gone = 0
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement, {"most": most})
            gone += cursor.rowcount
    return gone
