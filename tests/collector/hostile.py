"""Hostile bodies, which tests send to `decide` and to a running server."""

import gzip
import json
import random
import zlib

TEXTS = [  # as they stand between the quotes of JSON
    rb"\u0000",
    rb"a\u0000b",
    rb"\ud800",
    rb"\udc00",
    rb"\udc00\ud800",
    rb"\ud800\ud800",
    rb"\ud83d",
    rb"x\uD800y",
    rb"\x41",
    rb"\u12",
    b"\x00",
    b"\x1f",
    b"\n",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xe2\x82",
    b"\\",
    b"x" * 1025,
    "漢".encode() * 1024,
    b"'; drop table events; --",
    b"\\N",
    b"\\\\N",
    b"{}",
    b"[[[[[[",
    b"%s",
    b"%00",
    b"\\u202e",
    b"",
]
VALUES = [
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e400",
    b"-1e400",
    b"1e-400",
    b"9" * 5000,
    b"-" + b"9" * 400,
    b"1." + b"1" * 5000,
    b"18446744073709551616",
    b"01",
    b"+1",
    b"0x10",
    b"1_000",
    b"true",
    b"null",
    b"[]",
    b"{}",
    b"[[]]",
    b"[null]",
    b'{"":1}',
    b"-0",
    b"[" * 40 + b"]" * 40,
    b'{"a":' * 40 + b"1" + b"}" * 40,
    b"[" * 5000 + b"]" * 5000,
    b'{"a":' * 5000 + b"1" + b"}" * 5000,
]
FIELDS = [b"event", b"identity", b"user_id", b"timestamp", b"idempotency_key", b"session_id", b"properties"]
TIMES = [
    b'"9999-12-31T23:59:59-14:00"',
    b'"0001-01-01T00:00:00+14:00"',
    b'"2017-03-10"',
    b'"-2017-03-10T00:00:00Z"',
    b'"now"',
    b'"infinity"',
    b'"2017-03-10T24:00:00Z"',
    b'"2016-12-31T23:59:60Z"',
    b'"2017-03-10T22:21:56+99:99"',
    b"253402300800000",
    b"-1",
    b"0",
    b"1e12",
]


def bodies(app_id):
    """(headers, body) of a few hundred requests to `/api/track`, always the same. Some of them are valid."""
    app = app_id.encode()
    json_type = {"Content-Type": "application/json"}
    for body in [*fields(app), *properties(app), *bulks(app), *broken(app), *wild(app)]:
        yield json_type, body
    yield from other_types(app)
    yield from compressed(app)


def valid(app):
    return b'{"app_id":"%b","event":"E","identity":"a"}' % app


def fields(app):
    for field in FIELDS:
        for value in [*VALUES, *(b'"%b"' % text for text in TEXTS)]:
            yield b'{"app_id":"%b","event":"E","identity":"a",%b}' % (app, b'"%b":%b' % (field, value))
    for value in TIMES:
        yield b'{"app_id":"%b","event":"E","identity":"a","timestamp":%b}' % (app, value)
    for value in [*VALUES, *(b'"%b"' % text for text in TEXTS)]:
        yield b'{"event":"E","identity":"a","app_id":%b}' % value


def properties(app):
    head = b'{"app_id":"%b","event":"E","identity":"a","properties":' % app
    for text in TEXTS:
        yield head + b'{"a":"%b"}}' % text
        yield head + b'{"%b":1}}' % text
        yield head + b'{"a":["%b",1]}}' % text
        yield head + b'{"a":{"%b":{"b":"%b"}}}}' % (text, text)
    for value in VALUES:
        yield head + b'{"a":%b}}' % value
        yield head + b'{"a":[%b]}}' % value
    yield head + b"{%b}}" % b",".join(b'"%d":%d' % (number, number) for number in range(20_000))
    yield head + b'{"%b":{%b}}}' % (b"x" * 1000, b",".join(b'"%d":1' % number for number in range(5_000)))
    yield head + b'{"a":1,"a":2,"A":3}}'
    yield head + b'{"__proto__":1,"constructor":{"prototype":2}}}'


def bulks(app):
    good = b'{"identity":"a","event":"E"}'
    for bad in [*VALUES, *(b'{"identity":"a","event":"%b"}' % text for text in TEXTS)]:
        yield b'{"app_id":"%b","events":[%b,%b,%b]}' % (app, good, bad, good)
    yield b'{"app_id":"%b","events":[%b]}' % (app, b",".join([good] * 5000))
    yield b'{"app_id":"%b","events":{}}' % app
    yield b'{"app_id":"%b","events":null,"event":"E","identity":"a"}' % app
    yield b'{"app_id":"%b","events":[],"event":"E","identity":"a"}' % app


def broken(app):
    whole = valid(app)
    yield from (whole[:length] for length in range(0, len(whole), 3))
    yield from (
        b"",
        b" ",
        b"null",
        b"[]",
        b"0",
        b'"x"',
        b"{}",
        b"{}{}",
        whole + b"x",
        whole + whole,
        b"\xef\xbb\xbf" + whole,
    )
    yield from (
        whole.decode().encode("utf-16"),
        whole.decode().encode("utf-32"),
        b"\x00" + whole,
        whole.replace(b'"', b"'"),
    )
    yield from (b"<xml/>", b"app_id=1&event=E", b"\x1f\x8b", b"[" * 100_000, b'{"a":' * 100_000, b'"' * 1000)
    yield whole[:-1] + b"," + b'"pad":"' + b"x" * 2**20 + b'"}'


def wild(app, count=120):
    """Valid requests in which a few bytes were changed."""
    chance = random.Random(1)
    payload = {
        "event": "E",
        "identity": "a",
        "properties": {"a": [1, {"b": "ü"}], "n": 1.5},
        "timestamp": 1_620_101_627,
    }
    whole = b'{"app_id":"%b",' % app + json.dumps(payload, ensure_ascii=False).encode()[1:]
    for _ in range(count):
        changed = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            changed[chance.randrange(26, len(changed))] = chance.randrange(256)
        yield bytes(changed)


def other_types(app):
    whole = valid(app)
    kinds = [
        "text/html",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=utf-16",
        "é",
        ";;;",
    ]
    for kind in [*kinds, "application/json" * 500]:
        yield {"Content-Type": kind}, whole


def compressed(app):
    whole = valid(app)
    kind = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    bomb = gzip.compress(b" " * 50 * 2**20)
    nested = gzip.compress(gzip.compress(whole))
    small = gzip.compress(whole)
    for body in (bomb, nested, whole, small[:-6], small[:12], small + b"x", b""):
        yield kind, body
    yield kind, small[:-8] + b"\0" * 8
    yield kind, gzip.compress(b"") * 1000 + small
    for encoding in ("br", "deflate", "gzip, gzip", "x" * 500):
        yield kind | {"Content-Encoding": encoding}, zlib.compress(whole)
