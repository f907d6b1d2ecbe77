"""Who is a robot by their User-Agent, and who is not: headers as today's robots and browsers send them."""

from pathlib import Path

import pytest

from common.user_agent import MOST_CHARACTERS, agent_of

FOLDER = Path(__file__).parent / "user_agents"
ROBOTS, PEOPLE = ((FOLDER / name).read_text().splitlines() for name in ("robots.txt", "people.txt"))


@pytest.mark.parametrize("header", ROBOTS)
def test_robots_are_found(header):
    assert agent_of(header.encode()).is_robot


@pytest.mark.parametrize("header", PEOPLE)
def test_browsers_and_apps_of_people_are_no_robots(header):
    assert not agent_of(header.encode()).is_robot


@pytest.mark.parametrize("header", [None, b"", b"\xff\xfe\x00", b"x" * 100_000])
def test_a_header_that_says_nothing_makes_no_robot(header):
    assert not agent_of(header).is_robot


def test_only_the_beginning_of_a_long_header_is_read():
    assert agent_of(b"x" * (MOST_CHARACTERS - 11) + b" Googlebot/").is_robot
    assert not agent_of(b"x" * MOST_CHARACTERS + b" Googlebot/").is_robot


def test_what_else_a_robot_says_is_known_too():
    phone = next(header for header in ROBOTS if "moto g power" in header)

    assert agent_of(phone.encode())[:3] == ("Chrome", "Android", "mobile")
