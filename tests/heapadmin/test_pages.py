import asyncio

import pytest

from heapadmin import held_bodies, pages, wsgi_bridge
from heapadmin.pages import Pages


def scope(**changes):
    return {
        "type": "http",
        "method": "GET",
        "path": "/healthz",
        "query_string": b"",
        "http_version": "1.1",
        "headers": [(b"host", b"localhost")],
        "client": ("203.0.113.9", 1),
        "server": ("localhost", 80),
    } | changes


def ask(app, scope, *messages):
    """What the app sends when the client sends `messages`, and then nothing more."""
    sent, waiting = [], list(messages) or [{"type": "http.request", "body": b""}]

    async def receive():
        if not waiting:
            await asyncio.sleep(3600)
        return waiting.pop(0)

    async def send(message):
        sent.append(dict(message))

    asyncio.run(app(scope, receive, send))
    return sent


@pytest.fixture
def seen(monkeypatch):
    """Pages with an application behind them that notes what reached it."""
    environs = []

    def application(environ, start_response):
        environs.append(environ | {"body": environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))})
        start_response("200 OK", [("content-length", "5")])
        return [b"hello"]

    monkeypatch.setattr(pages, "get_wsgi_application", lambda: application)
    environs_app = Pages()
    return environs_app, environs


def test_a_page_is_answered(seen):
    app, _ = seen

    sent = ask(app, scope())

    assert sent[0]["status"] == 200
    assert b"".join(message.get("body", b"") for message in sent) == b"hello"


def test_a_header_cannot_pose_as_another_by_an_underscore(seen):
    app, environs = seen

    ask(app, scope(headers=[(b"x-forwarded-for", b"1.1.1.1"), (b"x_forwarded_for", b"9.9.9.9")]))

    assert environs[0]["HTTP_X_FORWARDED_FOR"] == "1.1.1.1"


def test_raw_bytes_in_the_query_are_escaped(seen):
    app, environs = seen

    ask(app, scope(query_string=b"a=\xff&b=%20%zz&c=1+2"))

    assert environs[0]["QUERY_STRING"] == "a=%FF&b=%20%zz&c=1+2"


def test_a_body_in_pieces_arrives_whole_with_its_true_length(seen):
    app, environs = seen
    pieces = [{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.request", "body": b"c"}]

    ask(app, scope(method="POST", headers=[(b"transfer-encoding", b"chunked")]), *pieces)

    assert environs[0]["body"] == b"abc"
    assert environs[0]["CONTENT_LENGTH"] == "3"


def test_a_body_without_end_takes_no_thread(seen, monkeypatch):
    app, environs = seen
    monkeypatch.setattr(pages, "BODY_SECONDS", 0.05)

    sent = ask(app, scope(method="POST"), {"type": "http.request", "body": b"a", "more_body": True})

    assert sent[0]["status"] == 408
    assert environs == []


def test_a_body_that_is_too_large_is_refused(seen, monkeypatch):
    app, environs = seen
    monkeypatch.setattr(pages, "MOST_BODY_BYTES", 3)

    sent = ask(app, scope(method="POST"), {"type": "http.request", "body": b"abcd", "more_body": True})

    assert sent[0]["status"] == 413
    assert environs == []


class TestBodiesThatAreHeld:
    """Senders of many large bodies hold back the end of each."""

    PIECE = 2**20

    @pytest.fixture(autouse=True)
    def bounds(self, monkeypatch):
        monkeypatch.setattr(held_bodies, "MOST_BYTES_OF_ADDRESS", 4 * self.PIECE)
        monkeypatch.setattr(held_bodies, "MOST_BYTES", 7 * self.PIECE)

    def statuses(self, app, *senders):
        """The answers to requests at once, each given as its address and size, that end when all have begun."""

        async def all_at_once():
            end = asyncio.Event()
            asking = [asyncio.create_task(self.ask(app, *sender, end)) for sender in senders]
            await asyncio.sleep(0.05)
            end.set()
            return await asyncio.gather(*asking)

        return asyncio.run(all_at_once())

    async def ask(self, app, address, size, end):
        sent, ends = [], [{"type": "http.request", "body": b""}]
        pieces = [b"x" * min(self.PIECE, size - at) for at in range(0, size, self.PIECE)]

        async def receive():
            if pieces:
                return {"type": "http.request", "body": pieces.pop(0), "more_body": True}
            if ends:
                await end.wait()
                return ends.pop()
            return await asyncio.sleep(3600)

        async def send(message):
            sent.append(message)

        await app(scope(method="POST", client=(address, 1)), receive, send)
        return sent[0]["status"]

    def test_of_one_address_are_few_and_leave_others_room(self, seen):
        app, environs = seen
        ours = [("203.0.113.9", self.PIECE)] * 9

        assert sorted(self.statuses(app, *ours, ("198.51.100.7", self.PIECE))) == [200] * 5 + [503] * 5
        assert len(environs) == 5

    def test_of_all_addresses_are_bounded(self, seen):
        many = [(f"203.0.113.{number}", self.PIECE) for number in range(9)]

        assert sorted(self.statuses(seen[0], *many)) == [200] * 7 + [503] * 2

    def test_leave_room_for_forms(self, seen):
        senders = [("203.0.113.9", self.PIECE)] * 9 + [("203.0.113.9", held_bodies.SMALL_BYTES)]

        assert self.statuses(seen[0], *senders)[-1] == 200

    def test_are_forgotten_with_their_requests_however_these_end(self, seen, monkeypatch):
        app, _ = seen
        piece = {"type": "http.request", "body": b"x" * self.PIECE, "more_body": True}

        ask(app, scope(method="POST"), piece, {"type": "http.disconnect"})
        ask(app, scope(method="POST"), *[piece] * 11)
        self.statuses(app, *[("203.0.113.9", self.PIECE)] * 9)
        with monkeypatch.context() as hasty:
            hasty.setattr(pages, "BODY_SECONDS", 0.05)
            ask(app, scope(method="POST"), piece)

        assert app.held.bytes == 0
        assert self.statuses(app, ("203.0.113.9", 4 * self.PIECE)) == [200]


def test_a_client_that_went_away_is_forgotten(seen):
    app, environs = seen

    assert ask(app, scope(method="POST"), {"type": "http.disconnect"}) == []
    assert environs == []


def test_an_answer_to_head_has_no_body(seen):
    app, _ = seen

    sent = ask(app, scope(method="HEAD"))

    assert (b"content-length", b"5") in sent[0]["headers"]
    assert b"".join(message.get("body", b"") for message in sent) == b""


class Endless:
    """What a WSGI application streams; notes that it was closed."""

    def __init__(self):
        self.is_closed = False

    def __iter__(self):
        while not self.is_closed:
            yield b"x" * 10_000

    def close(self):
        self.is_closed = True


@pytest.fixture
def streaming(monkeypatch):
    """Pages with an application behind them that never ends, and the streams that it has begun."""
    streams = []

    def application(environ, start_response):
        start_response("200 OK", [("content-type", "text/csv")])
        streams.append(Endless())
        return streams[-1]

    monkeypatch.setattr(pages, "get_wsgi_application", lambda: application)
    return Pages(), streams


def client(*, reads, goes_after=0.0):
    """`receive` and `send` of a client that takes so many pieces and goes some time after the last."""
    waiting, stopped, taken = [{"type": "http.request", "body": b""}], asyncio.Event(), []

    async def receive():
        if waiting:
            return waiting.pop()
        await stopped.wait()
        await asyncio.sleep(goes_after)
        return {"type": "http.disconnect"}

    async def send(message):
        taken.append(message)
        if len(taken) >= reads:
            stopped.set()
            await asyncio.sleep(goes_after + 0.01)

    return receive, send


def test_a_stream_is_closed_when_its_client_goes(streaming):
    app, streams = streaming

    async def ask():
        await asyncio.wait_for(app(scope(), *client(reads=3)), 10)

    asyncio.run(ask())

    assert [stream.is_closed for stream in streams] == [True]
    assert app.bridge.turns.turns.free == pages.THREADS


def test_who_does_not_read_gives_up_the_turn_and_the_slowest_go_first(streaming, monkeypatch):
    app, streams = streaming
    monkeypatch.setattr(wsgi_bridge, "PROMPT_SECONDS", 0.05)

    async def ask():
        slow = [asyncio.create_task(app(scope(), *client(reads=2, goes_after=20))) for _ in range(pages.THREADS)]
        await until(lambda: len(app.bridge.turns._aside) == wsgi_bridge.MOST_ASIDE)
        await asyncio.wait_for(app(scope(), *client(reads=3)), 10)
        late = asyncio.create_task(app(scope(), *client(reads=2, goes_after=20)))
        await asyncio.wait(slow, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        still = [task for task in (*slow, late) if not task.done()]
        for task in still:
            task.cancel()
        await until(lambda: all(stream.is_closed for stream in streams))
        await until(lambda: app.bridge.turns.turns.free == pages.THREADS)
        return len(still)

    assert asyncio.run(ask()) == pages.THREADS


async def until(what):
    async with asyncio.timeout(10):
        while not what():
            await asyncio.sleep(0.01)
