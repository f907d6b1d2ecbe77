"""Words and counts for support's pages, and for templates of lower floors, which may not import support."""

from typing import Any

import psycopg
from django import template

from accounts.models import Account
from common.user_agent import agent_of
from support.closing.models import Closing
from support.status import database
from support.status.backups import BackupNews, news
from support.status.models import State
from support.status.render import WORDS
from support.status.room import Room, measure
from support.talk.models import Message, MessageState

register = template.Library()


@register.filter
def count_of(bars: list[dict[str, Any]], kind: str) -> int:
    """How many bars of a strip are of one kind ("good", "warn", "bad", "none")."""
    return sum(bar["kind"] == kind for bar in bars)


@register.filter
def state_word(state: State | None) -> str:
    """ "up", "degraded", "down"; "not measured" for None."""
    return "not measured" if state is None else WORDS[state]


@register.filter
def browser_words(user_agent: str) -> str:
    """ "Chrome on Linux"; a header that names neither browser nor system stays as it is."""
    agent = agent_of(user_agent.encode("latin-1", "replace"))
    return " on ".join(part for part in (agent.browser, agent.os) if part and part != "Other") or user_agent


@register.simple_tag
def closing_of(account: Account) -> Closing | None:
    """The closing of an account that is closed."""
    return Closing.objects.under_way().filter(account_number=account.pk).first()


@register.simple_tag
def unread_messages() -> int:
    """How many messages of Talk to Us nobody has answered or closed yet."""
    return Message.objects.filter(state=MessageState.NEW).count()


@register.simple_tag
def backup_news() -> list[BackupNews] | None:
    """Of backups that the schedule makes; None if the database does not tell in time."""
    try:
        with database.own_connection() as connection:
            return news(connection)
    except psycopg.Error:
        return None


@register.simple_tag
def database_room() -> Room | None:
    """How much room the database takes; None if it does not tell in time."""
    try:
        with database.own_connection() as connection:
            return measure(connection)
    except psycopg.Error:
        return None
