"""How many downloads run at once in one process."""

import pytest

from common import downloads
from common.downloads import FOR_A_PERSON, FOR_ALL

ADA = 1

pytestmark = pytest.mark.django_db  # the end of an answer looks whether a connection of a test before is still good


def start(user_id=ADA):
    return downloads.response(iter(["a", "b"]), user_id, content_type="text/plain", file_name="x.txt")


@pytest.fixture
def running():
    """Downloads that are ended after the test."""
    answers = []
    yield answers
    for answer in answers:
        answer.close()


def test_one_person_has_so_many_and_gets_another_when_one_ends(running):
    running += [start() for _ in range(FOR_A_PERSON)]
    refused = start()

    assert {answer.status_code for answer in running} == {200}
    assert (refused.status_code, refused["Retry-After"]) == (429, "30")
    assert "Other downloads are still running" in refused.content.decode()

    assert b"".join(running[0]) == b"ab"
    running[0].close()
    running[0].close()  # a second time changes nothing
    running.append(start())
    assert running[-1].status_code == 200
    assert start().status_code == 429


def test_all_together_have_so_many(running):
    running += [start(user_id) for user_id in range(FOR_ALL)]

    assert start(FOR_ALL).status_code == 429


def test_one_that_nobody_reads_or_closes_is_forgotten():
    for _ in range(3 * FOR_A_PERSON):
        assert start().status_code == 200
