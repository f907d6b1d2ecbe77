"""Two real clients, unmodified, against a running server: from an address that is welcome, and from an excluded one."""

import json
import subprocess
from pathlib import Path

import pytest
import requests
from heapapi import HeapAPIClient

from projects.client_guide import clients
from tests.collector.waiting import until_all_workers_say
from tests.npm import installed

NODE = Path(__file__).parent / "node"
HERE = "127.0.0.1"


def lines(name, server, environment):
    """What the guide says to paste for this client."""
    guides = clients(app_id=environment.app_id, site_url=server.base_url).values()
    return next(each.text for of_heading in guides for each in of_heading if each.name == name)


@pytest.fixture
def excluding(server, environment):
    server.exclude(HERE, environment=environment)
    assert until_all_workers_say(server, environment.app_id, 403, path="/api/identify")
    return environment


# --- heapapi, from PyPI -----------------------------------------------------------------------------------------------
def python_client(server, environment):
    client = HeapAPIClient(environment.app_id)
    client.track_api = f"{server.base_url}/api/track"
    client.props_api = f"{server.base_url}/api/add_user_properties"
    return client


def test_heapapi_succeeds_and_what_it_sent_is_stored(server, environment):
    client = python_client(server, environment)
    bulk = [{"identity": f"u{n}", "event": "Bulk", "properties": {"n": n}} for n in range(1001)]
    users = [{"identity": "a", "properties": {"Role": "Admin"}}, {"identity": "b", "properties": {"Role": "User"}}]

    answers = [
        client.track("xxx", "Purchase", {"amount": 12, "currency": "USD"}),
        client.track("xxx", "Visit"),
        client.add_user_properties("xxx", {"age": 22}),
        *client.bulk_track(bulk),
        *client.bulk_add_user_properties(users),
    ]

    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "OK")] * 6
    stored = server.events(environment, "name, properties")
    assert stored[:2] == [("Purchase", {"amount": 12, "currency": "USD"}), ("Visit", {})]
    assert stored[2:] == [("Bulk", {"n": n}) for n in range(1001)]
    people = server.people(environment)
    assert people == {"xxx": {"age": 22}, "a": {"Role": "Admin"}, "b": {"Role": "User"}} | {
        f"u{n}": {} for n in range(1001)
    }


def test_heapapi_from_an_excluded_address_fails_with_403_and_nothing_is_stored(server, excluding):
    client = python_client(server, excluding)

    with pytest.raises(requests.HTTPError) as failure:
        client.add_user_properties("xxx", {"age": 22})
    bulk = client.bulk_add_user_properties([{"identity": "a", "properties": {"x": 1}}])
    tracked = client.track("xxx", "Purchase")

    assert failure.value.response.status_code == 403
    assert bulk[0].status_code == 403
    assert tracked.headers["x-heapadmin-dropped"] == "excluded-ip"
    assert server.events(excluding) == [] and server.people(excluding) == {}


def test_the_lines_for_heapapi(server, environment):
    names = {}
    exec(lines("heapapi for Python", server, environment), names)

    answers = [names["heap"].track("ann", "Order"), names["heap"].add_user_properties("ann", {"plan": "pro"})]

    assert [each.text for each in answers] == ["OK", "OK"]
    assert server.events(environment, "name, properties") == [("Order", {})]
    assert server.people(environment) == {"ann": {"plan": "pro"}}


# --- heap-api, from npm -----------------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def node_modules():
    """A folder that holds `node_modules`."""
    return installed(NODE / "package.json")


def call_node(folder, server, environment):
    command = ["node", str(NODE / "calls.js"), str(folder), str(server.port), environment.app_id]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.node
def test_heap_api_succeeds_and_what_it_sent_is_stored(node_modules, server, environment):
    outcomes = call_node(node_modules, server, environment)

    assert outcomes == {"track": True, "bare": True, "addUserProperties": True}
    stored = server.events(environment, "name, properties")
    assert stored == [("order", {"language": "node", "amount": 12.5}), ("visit", {})]
    assert server.people(environment) == {"alice@shop.example": {"plan": "pro", "seats": 3}, "123456789": {}}


@pytest.mark.node
def test_heap_api_from_an_excluded_address_fails_with_403_and_nothing_is_stored(node_modules, server, excluding):
    outcomes = call_node(node_modules, server, excluding)

    assert outcomes == {"track": True, "bare": True, "addUserProperties": 403}
    assert server.events(excluding) == [] and server.people(excluding) == {}


@pytest.mark.node
def test_the_lines_for_heap_api(node_modules, server, environment):
    calls = 'heap.track("Order", "ann").then(() => heap.addUserProperties("ann", { plan: "pro" }));'
    script = lines("heap-api, Heap's own for Node", server, environment) + "\n" + calls

    subprocess.run(["node", "-e", script], cwd=node_modules, check=True, capture_output=True, timeout=60)

    assert server.events(environment, "name, properties") == [("Order", {})]
    assert server.people(environment) == {"ann": {"plan": "pro"}}
