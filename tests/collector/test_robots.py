"""Robots on the wire: what is stored, and counted, of what they send."""

from urllib.parse import urlencode

import pytest

from tests.collector.test_people_who_grow import until
from tests.common.test_user_agent import PEOPLE, ROBOTS

STORED = "select kind, device, id >= 0 from events where environment_id = %s order by id >= 0, id"
COUNTED = "select events, robots from collector_collectedhour where environment_id = %s and outcome = 'accepted'"
PERSON, ROBOT = PEOPLE[0], ROBOTS[0]


def beacon(server, environment, agent, **parameters):
    page = {"a": environment.app_id, "u": 5, "v": 2, "z": 0, "b": "web"} | parameters
    return server.request("GET", "/h?" + urlencode(page), headers={"User-Agent": agent})


def test_what_robots_send_is_stored_marked_and_counted(server, environment):
    answers = [
        beacon(server, environment, ROBOT, u=6, t0="click", n0="a"),
        beacon(server, environment, PERSON),
        beacon(server, environment, ROBOT, u=7, z=1, v=3, b="android"),
    ]

    assert [answer.status for answer in answers] == [200] * 3
    assert server.query(STORED, environment.pk) == [
        ("pageview", "robot", False),
        ("click", "robot", False),
        ("pageview", "desktop", True),
        ("pageview", "desktop", True),
    ]
    robots = "select actor_id, is_robot from people where environment_id = %s order by 1"
    assert server.query(robots, environment.pk) == [(5, False), (6, True), (7, False)]
    assert until(lambda: server.query(COUNTED, environment.pk), [(4, 2)]) == [(4, 2)]


@pytest.mark.parametrize("agent", ["curl/8.5.0", "python-requests/2.32.3", ""])
@pytest.mark.parametrize("path", ["/api/track", "/api/integrations/track"])
def test_what_servers_send_is_no_robots(server, environment, agent, path):
    event = {"event": "Order", "identity": "ann", "user_identifier": {"identity": "ann"}}

    answer = server.post(path, {"app_id": environment.app_id, "events": [event]}, {"User-Agent": agent})

    assert answer.status == 200
    assert server.query(STORED, environment.pk) == [("custom", None, True)]


def test_a_beacon_without_a_browser_is_no_robots(server, environment):
    query = urlencode({"a": environment.app_id, "u": 5, "v": 2, "z": 0})

    assert server.request("GET", f"/h?{query}").status == 200
    assert server.query(STORED, environment.pk) == [("pageview", None, True)]
