"""Unknown app_ids cause few database queries, however many are sent."""

import asyncio
import time

import psycopg
import pytest

from collector.environments import directory as module
from collector.environments.directory import BETWEEN_LOADS_SECONDS, Directory
from common.database import conninfo
from events.faults import Unavailable

pytestmark = pytest.mark.django_db(transaction=True)
ONE_LOAD = 2  # statements: environments, and lists of excluded IPs


@pytest.fixture
def statements(monkeypatch):
    """The statements that were run, without those that run at regular times."""
    monkeypatch.setattr(module, "LOOK_SECONDS", 3_600)
    ran = []
    execute = psycopg.AsyncConnection.execute

    async def noting(self, *arguments, **options):
        ran.append(arguments[0])
        return await execute(self, *arguments, **options)

    monkeypatch.setattr(psycopg.AsyncConnection, "execute", noting)
    return ran


def run(steps, statements):
    """Call `steps(directory)` with one that has read everything, and count its statements anew."""

    async def all_steps():
        directory = Directory(conninfo())
        await directory.start(seconds=60)
        assert directory.is_loaded
        statements.clear()
        try:
            return await steps(directory)
        finally:
            await directory.stop()

    return asyncio.run(all_steps())


def test_the_same_unknown_app_id_is_asked_about_once(statements):
    async def steps(directory):
        return {await directory.look_up("1") for _ in range(200)}

    assert run(steps, statements) == {False}
    assert len(statements) == ONE_LOAD


def test_unknown_app_ids_that_come_together_are_asked_about_together(statements):
    async def steps(directory):
        return await asyncio.gather(*(directory.look_up(str(number)) for number in range(1_000)))

    assert set(run(steps, statements)) == {False}
    assert len(statements) == ONE_LOAD


def test_who_tries_one_app_id_after_the_other_is_slowed_down(statements):
    async def one_after_the_other(directory, sender):
        for number in range(10):
            await directory.look_up(f"{sender}{number}")

    async def steps(directory):
        began = time.monotonic()
        await asyncio.gather(*(one_after_the_other(directory, sender) for sender in range(1, 21)))
        return time.monotonic() - began

    took = run(steps, statements)

    assert len(statements) <= ONE_LOAD * (took / BETWEEN_LOADS_SECONDS + 2)


def test_what_is_remembered_of_unknown_app_ids_is_bounded(statements, monkeypatch):
    monkeypatch.setattr(module, "MAX_UNKNOWN", 50)

    async def steps(directory):
        await asyncio.gather(*(directory.look_up(str(number)) for number in range(1_020)))
        return len(directory._unknown)

    assert run(steps, statements) == 20


def test_without_an_answer_no_app_id_is_called_unknown():
    async def steps():
        directory = Directory("host=/nowhere/at/all")
        await directory.start(seconds=0)
        try:
            with pytest.raises(Unavailable):
                await directory.look_up("1", seconds=0.05)
        finally:
            await directory.stop()

    asyncio.run(steps())
