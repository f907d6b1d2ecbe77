"""Hostile requests to the endpoints other than `/api/track`: bodies, query strings and forms."""

import gzip
import random
from itertools import chain
from typing import NamedTuple
from urllib.parse import quote

from collector.decide import PROTOBUF
from tests.collector.hostile import TEXTS, TIMES, VALUES, wild

PEOPLE = ["/api/add_user_properties", "/api/identify"]
FORMS = ["/h", "/api/identify_v3", "/api/add_user_properties_v3", "/api/telemetry"]
IN_URL = 3_500  # bytes; longer ones go by POST
IOS = "/api/integrations/ios/track"
JSON = {"Content-Type": "application/json"}
HARMFUL = [*VALUES, *TIMES, *(b'"%b"' % text for text in TEXTS)]


class Sent(NamedTuple):
    method: str
    path: str
    query: bytes
    headers: dict[str, str]
    body: bytes


def requests(app_id):
    """A few thousand, always the same. Some of them are valid."""
    app = app_id.encode()
    for path, body in chain(people(app), customers(app), identify(app), integrations(app), ios(app)):
        yield Sent("POST", path, b"", JSON, body)
    for path in (*PEOPLE, "/api/v1/identify", "/api/integrations/track", "/api/add_account_properties"):
        for body in wild(app, count=15):
            yield Sent("POST", path, b"", JSON, body)
    for number, (path, parameters) in enumerate(chain(beacons(app), whole_beacons(app))):
        in_url = len(parameters) < IN_URL and number % 3
        yield Sent("GET" if in_url else "POST", path, *((parameters, {}, b"") if in_url else (b"", {}, parameters)))
    yield from both_ways(app)
    yield from protobufs(app)


# --- The server API -----------------------------------------------------------------------------------------------
def with_field(whole, names):
    """`whole`, an object in JSON, with a harmful field at its end, where it replaces a good one of the same name."""
    for name in names:
        for value in HARMFUL:
            yield whole[:-1] + b',"%b":%b}' % (name, value)


def bulk(app, name, good):
    """A harmful item between good ones; too many; not an array at all."""
    for bad in HARMFUL:
        yield b'{"app_id":"%b","%b":[%b,%b,%b]}' % (app, name, good, bad, good)
        yield b'{"app_id":"%b","%b":%b}' % (app, name, bad)
    for count in (0, 1_000, 1_001, 20_000):
        yield b'{"app_id":"%b","%b":[%b]}' % (app, name, b",".join([good] * count))


def odd_properties(head):
    for text in TEXTS:
        yield head + b'{"%b":"%b"}}' % (text, text)
    for name in (b"id", b"ID", b"Id", b"__proto__", b"a.b", b".", b"||"):
        yield head + b'{"%b":{"%b":[1,[2,{"%b":3}]]}}}' % (name, name, name)


def people(app):
    whole = b'{"app_id":"%b","identity":"a","properties":{"p":1}}' % app
    nobody = b'{"app_id":"%b","properties":{"p":1}}' % app
    for path in PEOPLE:
        for body in chain(
            with_field(whole, (b"identity", b"properties", b"app_id")),
            with_field(nobody, (b"user_id",)),
            bulk(app, b"users", b'{"identity":"a"}'),
            odd_properties(whole[:-1] + b',"properties":'),
        ):
            yield path, body


def customers(app):
    whole = b'{"app_id":"%b","account_id":"c","properties":{"p":1}}' % app
    for body in chain(
        with_field(whole, (b"account_id", b"properties")),
        bulk(app, b"accounts", b'{"account_id":"c"}'),
        odd_properties(whole[:-1] + b',"properties":'),
    ):
        yield "/api/add_account_properties", body


def identify(app):
    whole = b'{"app_id":"%b","identity":"a","user_id":"5"}' % app
    for body in with_field(whole, (b"identity", b"user_id", b"timestamp", b"app_id")):
        yield "/api/v1/identify", body


def integrations(app):
    who = b'{"user_identifier":{"identity":"a"}}'
    for value in HARMFUL:
        for name in (b"identity", b"user_id", b"email", b"anonymous_id"):
            item = b'{"event":"E","user_identifier":{"%b":%b}}' % (name, value)
            yield "/api/integrations/track", b'{"app_id":"%b","events":[%b]}' % (app, item)
        for name in (b"event", b"user_identifier", b"custom_properties", b"idempotency_key", b"timestamp"):
            item = who[:-1] + b',"event":"E","%b":%b}' % (name, value)
            yield "/api/integrations/track", b'{"app_id":"%b","events":[%b,%b]}' % (app, item, item)
    for body in bulk(app, b"users", who):
        yield "/api/integrations/add_user_properties", body


def ios(app):
    whole = (
        b'{"envId":"%b","id":"7","timestamp":"1790000000000","user":{"id":"5"},"event":{"custom":{"name":"E"}}}' % app
    )
    for value in HARMFUL:
        for name in (b"envId", b"id", b"timestamp", b"user", b"event", b"properties", b"pageviewInfo", b"sessionInfo"):
            yield IOS, b'{"messages":[%b,%b]}' % (whole, whole[:-1] + b',"%b":%b}' % (name, value))
        for part in (b'"custom":{"name":%b}', b'"touchEvent":{"targetText":%b,"viewAncestry":%b}', b'"x":{"type":%b}'):
            event = part.replace(b"%b", value)
            yield IOS, b'{"sentTime":%b,"messages":[%b]}' % (value, whole[:-1] + b',"event":{%b}}' % event)


def protobufs(app):
    chance = random.Random(2)
    for path in PROTOBUF:
        for number in range(40):
            noise = chance.randbytes(chance.randrange(200))
            named = b"\x0a\x0c\x12%c%b" % (len(app), app) if number % 2 else b""
            yield Sent("POST", path, b"", {"Content-Type": "application/octet-stream"}, named + noise)


# --- Beacons --------------------------------------------------------------------------------------------------------
ESCAPES = [  # as they stand after the `=`
    b"",
    b"%",
    b"%2",
    b"%zz",
    b"%u0041",
    b"%00",
    b"a%00b",
    b"%2500",
    b"%ED%A0%80",
    b"%ED%B0%80%ED%A0%80",
    b"%C0%80",
    b"%FF",
    b"%F4%90%80%80",
    b"%E2%82",
    b"%F0%9F%98%80",
    b"%E2%80%AE",
    b"+",
    b"%2B",
    b"%0D%0ASet-Cookie:x",
    b"%22%5C%27",
    b"%5Cu0000",
    b"%5CN",
    b"%25s",
    b"{}",
    b";",
    b"=",
    b"==a",
    b"#x",
    b"x" * 1_025,
    b"x" * 4_097,
    quote("漢" * 1_024).encode(),
    quote("漢" * 255).encode(),
]
NUMBERS = [
    b"-1",
    b"-0",
    b"0",
    b"1.5",
    b"1e3",
    b"1e400",
    b"NaN",
    b"Infinity",
    b"0x10",
    b"+1",
    b"%201",
    b"1_000",
    b"9007199254740991",
    b"9007199254740992",
    b"18446744073709551616",
    b"9" * 400,
    b"0" * 400 + b"1",
    b"%D9%A1%D9%A2",  # 12 in Arabic digits: to Python they are decimal
    b"253402300800000",
    b"-62135596800000",
]
OF_A_PAGE = b"a u v s i b tv z d h q g t r ts st pr sp pp k l _ _plan".split()
OF_AN_EVENT = b"id0 t0 n0 c0 i0 h0 x0 y0 ts0 k0 l0 e0".split()


def beacons(app):
    """Each parameter with each harmful value, once before the good one of the same name and once instead of it."""
    good = {b"a": app, b"u": b"5", b"i": b"b", b"v": b"1", b"s": b"2", b"h": b"%2F"}
    for name in (*OF_A_PAGE, *OF_AN_EVENT):
        paths = ["/h"] if name in OF_AN_EVENT else FORMS[:3]
        for number, value in enumerate((*ESCAPES, *NUMBERS)):
            event = {b"t0": b"click"} if name in OF_AN_EVENT and name != b"t0" else {}
            rest = b"&".join(b"%b=%b" % pair for pair in (good | event).items() if number % 2 or pair[0] != name)
            yield paths[number % len(paths)], b"%b=%b&%b" % (name, value, rest)


def whole_beacons(app):
    good = b"a=%b&u=6" % app
    for path in FORMS:
        yield from ((path, whole) for whole in (b"", b"&", b"&&&&", b"=", b"=&=", b"a", b"a=", b"?a=1", b"{}", b"%"))
        yield from ((path, b"a=%b" % app), (path, b"u=6"), (path, b"a=%b;u=6" % app), (path, b"A=%b&U=6" % app))
        yield from ((path, good + b"&u=7"), (path, good + b"&a=1"), (path, b"a=1&" + good), (path, good + b"&&&i=c"))
        yield from ((path, good + b"&%b=1" % (b"x" * size)) for size in (1_024, 1_025, 100_000))
        yield path, good + b"&" * 50_000
        yield path, good + b"&i=d" * 50_000
        yield path, good + b"&pad=" + b"x" * 2**20
    yield from (("/h", good + rest) for rest in (*counts(), *pairs(), *times()))
    for name in (b"_", b"_id", b"_ID", b"__proto__", b"_a.b", b"_%00", b"_" + b"x" * 1_024, b"_" + b"x" * 1_025):
        yield "/api/add_user_properties_v3", good + b"&%b=1" % name
    yield "/api/add_user_properties_v3", good + b"".join(b"&_%d=1" % number for number in range(20_000))


def counts():
    """Events whose numbers are odd, too many, or there twice."""
    for number in (b"00", b"01", b"-1", b"9999", b"10000", b"99999999999999999999", b"%D9%A1", b"1e3", b""):
        yield b"&t%b=E&id%b=1" % (number, number)
        yield b"&id%b=1" % number
    for count in (1_000, 1_001, 9_999):
        yield b"".join(b"&t%d=E" % number for number in range(count))
    yield from (b"&t0=E&t0=F&id0=1&id0=2", b"&t0=click&t0=click&e0=1", b"&t0=E&id0=77&ts0=1", b"&t9999=E&t3=F")


def pairs():
    """Names without values; values without names; and the same name twice."""
    for name in b"pr sp pp k l k0 l0".split():
        for count in (1, 2, 3, 4, 5):
            yield b"&t0=E" + b"&%b=d" % name * count
            yield b"&t0=E" + b"&%b=" % name * count
        yield b"&t0=E" + b"&%b=%b&%b=1" % (name, b"x" * 1_025, name)
        yield b"&t0=E&" + name


def times():
    moments = (
        b"0",
        b"1",
        b"-1",
        b"x",
        b"1e3",
        b"1620101628448",
        b"1620101628",
        b"9" * 20,
        b"9" * 21,
        b"253402300800000",
    )
    for happened in moments:
        for sent in moments:
            yield b"&z=1&t0=E&ts=%b&st=%b" % (happened, sent)
            yield b"&t0=E&ts0=%b&st=%b" % (happened, sent)


def both_ways(app):
    """By POST with parameters in the URL too, and compressed."""
    good = b"a=%b&u=8&t0=E" % app
    for path in FORMS:
        for query, body in (
            (good, good),
            (good, b"a=1"),
            (b"a=1", good),
            (good, b"%"),
            (good, b"\xff\x00"),
            (b"%ff", good),
        ):
            yield Sent("POST", path, query, {}, body)
        for encoding, body in (
            ("gzip", gzip.compress(good)),
            ("gzip", gzip.compress(good)[:-5]),
            ("gzip", gzip.compress(b"x" * 50 * 2**20)),
            ("gzip", good),
            ("br", good),
            ("x" * 500, good),
        ):
            yield Sent("POST", path, b"", {"Content-Encoding": encoding}, body)
        for kind in ("application/json", "multipart/form-data; boundary=x", "text/html", "é", ";;;"):
            yield Sent("POST", path, b"", {"Content-Type": kind}, good)
