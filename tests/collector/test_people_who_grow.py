"""A person who is sent new properties without end, through real HTTP: the row stays small, and it is said."""

import random
import time

LIMIT, LIMIT_BYTES = 1_000, 65_536
HEADER = "X-Heapadmin-Properties-Left-Out"
SECONDS = 20  # for counts to be written
COUNTED = "select sum(requests), sum(properties_left_out) from collector_collectedhour where environment_id = %s"
SIZE = "select pg_database_size(current_database())"
ROWS = "select count(*), max(octet_length(properties::text)) from people where environment_id = %s"


def thousand_names(number):
    """A megabyte of properties whose names nobody has sent before."""
    chance = random.Random(number)  # noise, which cannot be compressed
    return {f"p{number:02}-{place:04}": chance.randbytes(500).hex() for place in range(1_000)}


def test_forty_megabytes_for_one_person_are_answered_ok_and_leave_one_small_row(server, environment):
    before = server.query(SIZE)[0][0]

    for number in range(40):
        answer = server.post(
            "/api/add_user_properties",
            {"app_id": environment.app_id, "identity": "grows", "properties": thousand_names(number)},
        )
        assert (answer.status, answer.body) == (200, b"OK")

    grown = server.query(SIZE)[0][0] - before
    rows, largest = server.query(ROWS, environment.pk)[0]
    assert rows == 1
    assert largest <= LIMIT_BYTES
    assert grown < 40 * 2**20


def test_the_answer_says_how_many_were_left_out_and_so_does_the_collection_page(server, environment):
    many = {f"p{number:04}": number for number in range(LIMIT + 5)}
    person = {"app_id": environment.app_id, "identity": "grows", "properties": many}

    first = server.post("/api/add_user_properties", person)
    again = server.post("/api/add_user_properties", {**person, "properties": {"p0000": 0}})
    customer = server.post("/api/add_account_properties", {**person, "account_id": "acme"})
    event = server.post("/api/track", {**person, "event": "Paid"})
    person_from_web = server.request("GET", f"/api/add_user_properties_v3?a={environment.app_id}&u=5&i=grows&_new=1")

    assert [answer.headers[HEADER] for answer in (first, again, customer, event, person_from_web)] == [
        "5", None, "5", "5", "1",
    ]  # fmt: skip
    assert HEADER in first.headers["access-control-expose-headers"]
    assert {answer.status for answer in (first, again, customer, event, person_from_web)} == {200}
    assert len(server.people(environment)["grows"]) == LIMIT
    ((stored,),) = server.events(environment, "properties")
    assert list(stored) == list(many)[:LIMIT]
    assert until(lambda: server.query(COUNTED, environment.pk), [(5, 16)]) == [(5, 16)]


def until(ask, expected):
    """The answer once it is as expected, or what it is after a while."""
    deadline = time.monotonic() + SECONDS
    while (found := ask()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
    return found
