import asyncio
import threading

import pytest

from heapadmin import page_turns, pages
from heapadmin.page_turns import OF_A_SENDER, SPARED, PageTurns, Sender, sender_of
from heapadmin.pages import Pages
from tests.heapadmin.test_pages import scope

ANN, BOB = Sender("203.0.113.9", b"ann"), Sender("198.51.100.7", b"bob")
COUNT = 8


class Waiting:
    """Tasks that ask for turns; `got` is who has had one, in order."""

    def __init__(self, turns):
        self.turns = turns
        self.got = []
        self.tasks = []

    def ask(self, sender):
        self.tasks.append(asyncio.create_task(self._take(sender)))
        return self.tasks[-1]

    async def _take(self, sender):
        await self.turns.take(sender)
        self.got.append(sender)

    async def settled(self):
        for _ in range(5):
            await asyncio.sleep(0)
        return self.got

    def end(self):
        for task in self.tasks:
            task.cancel()


@pytest.fixture
def run():
    def run(steps):
        async def all_steps():
            waiting = Waiting(PageTurns(COUNT))
            try:
                return await steps(waiting)
            finally:
                waiting.end()

        return asyncio.run(all_steps())

    return run


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1_000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(page_turns, "time", clock)
    return clock


def test_one_sender_leaves_turns_to_another(run):
    async def steps(waiting):
        for _ in range(16):
            waiting.ask(ANN)
        waiting.ask(BOB)
        return await waiting.settled()

    assert run(steps) == [ANN] * OF_A_SENDER + [BOB]


def test_one_address_with_many_sessions_leaves_turns_to_another(run):
    async def steps(waiting):
        for number in range(30):
            waiting.ask(Sender(ANN.address, b"%d" % number))
        waiting.ask(BOB)
        return [sender.address for sender in await waiting.settled()]

    assert run(steps) == [ANN.address] * (COUNT - SPARED) + [BOB.address]


def test_guests_of_shared_links_have_half_of_the_turns_together_wherever_they_come_from(run):
    guests = [sender_of(f"192.0.2.{number}", [], "/shared/secret/") for number in range(COUNT)]

    async def steps(waiting):
        for sender in [*guests, ANN]:
            waiting.ask(sender)
        first = list(await waiting.settled())
        waiting.turns.give_back(guests[0])
        return first, (await waiting.settled())[len(first) :]

    half = COUNT // 2
    assert run(steps) == ([*guests[:half], ANN], [guests[half]])


def test_those_who_wait_come_in_turn(run):
    carl = Sender("192.0.2.1", b"carl")

    async def steps(waiting):
        others = [Sender(f"192.0.2.{number}", b"") for number in range(100, 100 + COUNT)]
        for sender in others + [ANN] * 4 + [BOB] * 4 + [carl] * 4:
            waiting.ask(sender)
        await waiting.settled()
        for sender in others:
            waiting.turns.give_back(sender)
        return (await waiting.settled())[COUNT:]

    assert run(steps) == [ANN, BOB, carl, ANN, BOB, carl, ANN, BOB]


def test_who_computed_much_waits_and_others_do_not(run, clock):
    async def steps(waiting):
        waiting.ask(ANN)
        await waiting.settled()
        waiting.turns.give_back(ANN, seconds=2.5)
        waiting.ask(ANN)
        waiting.ask(BOB)
        return list(await waiting.settled())

    assert run(steps) == [ANN, BOB]


def test_a_debt_is_paid_by_time(run, monkeypatch):
    monkeypatch.setattr(page_turns, "BURST_SECONDS", 0.2)

    async def steps(waiting):
        waiting.ask(ANN)
        await waiting.settled()
        waiting.turns.give_back(ANN, seconds=0.2)
        began = asyncio.get_running_loop().time()
        await asyncio.wait_for(waiting.ask(ANN), 10)
        return asyncio.get_running_loop().time() - began

    assert run(steps) >= 0.19


def test_the_largest_debt_is_paid_within_seconds(run, clock):
    async def steps(waiting):
        waiting.ask(ANN)
        await waiting.settled()
        waiting.turns.give_back(ANN, seconds=3_600.0)
        clock.now += 2.1
        waiting.ask(ANN)
        return list(await waiting.settled())

    assert run(steps) == [ANN, ANN]


def test_who_goes_while_waiting_takes_no_turn(run):
    async def steps(waiting):
        asked = [waiting.ask(ANN) for _ in range(OF_A_SENDER + 1)]
        await waiting.settled()
        asked[-1].cancel()
        await waiting.settled()
        for _ in range(OF_A_SENDER):
            waiting.turns.give_back(ANN)
        await waiting.settled()
        return waiting.turns.free

    assert run(steps) == COUNT


def test_who_goes_as_their_turn_comes_gives_it_back(run):
    async def steps(waiting):
        asked = [waiting.ask(ANN) for _ in range(OF_A_SENDER + 1)]
        await waiting.settled()
        waiting.turns.give_back(ANN)  # the last one's turn comes, and it is cancelled before it knows
        asked[-1].cancel()
        await waiting.settled()
        return waiting.turns.free, len(waiting.got)

    assert run(steps) == (COUNT - OF_A_SENDER + 1, OF_A_SENDER)


def test_an_address_is_full_when_too_many_wait(run, monkeypatch):
    monkeypatch.setattr(page_turns, "MOST_WAITING", 5)

    async def steps(waiting):
        full = []
        for number in range(COUNT + 5):
            full.append(waiting.turns.is_full_of(ANN))
            waiting.ask(Sender(ANN.address, b"%d" % number))
            await waiting.settled()
        return full.index(True), waiting.turns.is_full_of(BOB)

    assert run(steps) == (COUNT - SPARED + 5, False)


def test_paid_debts_are_forgotten(run, clock, monkeypatch):
    monkeypatch.setattr(page_turns, "MOST_KEPT", 10)

    async def steps(waiting):
        for number in range(100):
            sender = Sender(f"192.0.2.{number}", b"")
            waiting.ask(sender)
            await waiting.settled()
            waiting.turns.give_back(sender, seconds=0.1)
            clock.now += 1
        return len(waiting.turns._paid_at)

    assert run(steps) <= 10


@pytest.mark.parametrize(
    ("address", "cookies", "sender"),
    [
        ("203.0.113.9", [b"a=1; sessionid=xyz; b=2"], Sender("203.0.113.9", b"xyz")),
        ("203.0.113.9", [b"theme=dark", b"sessionid=xyz"], Sender("203.0.113.9", b"xyz")),
        ("203.0.113.9", [b"notsessionid=xyz"], Sender("203.0.113.9", b"")),
        ("203.0.113.9", [], Sender("203.0.113.9", b"")),
        ("2001:db8:1:2:3:4:5:6", [], Sender("2001:db8:1:2::/64", b"")),
        ("unknown", [], Sender("unknown", b"")),
    ],
)
def test_a_sender_is_an_address_and_a_session(address, cookies, sender):
    assert sender_of(address, [(b"host", b"x"), *((b"cookie", cookie) for cookie in cookies)]) == sender


def test_a_page_comes_while_somebody_else_holds_all_they_may(monkeypatch):
    free = threading.Event()

    def application(environ, start_response):
        if environ["REMOTE_ADDR"] == ANN.address:
            free.wait(30)
        start_response("200 OK", [("content-length", "5")])
        return [b"hello"]

    monkeypatch.setattr(pages, "get_wsgi_application", lambda: application)

    async def ask(app, address, sent):
        messages = [{"type": "http.request", "body": b""}]

        async def receive():
            if not messages:
                await asyncio.sleep(3600)
            return messages.pop()

        async def send(message):
            sent.append(message)

        await app(scope(client=(address, 1)), receive, send)

    async def steps():
        app, held, sent = Pages(), [], []
        hostile = [asyncio.create_task(ask(app, ANN.address, held)) for _ in range(2 * pages.THREADS)]
        await asyncio.sleep(0.1)
        try:
            await asyncio.wait_for(ask(app, BOB.address, sent), 10)
            return list(held), sent[0]["status"]
        finally:
            free.set()
            await asyncio.gather(*hostile)

    assert asyncio.run(steps()) == ([], 200)
