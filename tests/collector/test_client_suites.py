"""The tests that two clients bring along, as published: what they send goes to a running server."""

import importlib.util
import io
import json
import os
import site
import subprocess
import unittest
from pathlib import Path
from unittest import mock

import pytest
import requests

from tests.npm import installed

NODE = Path(__file__).parent / "node"
HEAP = "https://heapanalytics.com"
FAILS_ANYWHERE = (
    "heap.Client#_request with a mock backend rejects the returned promise on request errors"  # since nock 8
)
NODES_APP_ID = "3000610572"  # of the official client's tests
PYTHONS_APP_ID = "42"


@pytest.fixture
def bring_along(server):
    """`bring_along(app_id)`: an environment that has this one, as Heap's had."""

    def bring(app_id):
        environment = server.make_environment()
        environment.app_id = app_id
        environment.save(update_fields=["app_id"])
        return environment

    return bring


# --- heap-api, from npm -----------------------------------------------------------------------------------------------
@pytest.mark.node
def test_the_official_client_passes_its_own_tests_here(server, bring_along):
    modules = installed(NODE / "package.json") / "node_modules"
    environment = bring_along(NODES_APP_ID)
    mocha = ["node", str(modules / "mocha/bin/mocha.js"), "--ui", "bdd", "--timeout", "30000", "--reporter", "json"]
    required = ["--require", "./test/helper.js", "--require", str(NODE / "lead_here.js")]

    ran = subprocess.run(
        [*mocha, *required, "test"], cwd=modules / "heap-api", env=os.environ | {"PORT": str(server.port)},
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip

    found = json.loads(ran.stdout[ran.stdout.index("{") :])
    assert [each["fullTitle"] for each in found["failures"]] == [FAILS_ANYWHERE]
    assert found["stats"]["passes"] == 69
    assert server.events(environment, "name, properties") == [
        ("test_track_integration", {"language": "node", "project": "heap/heap-node"})
    ]
    assert server.people(environment)["test-identity"] == {"language/node": "1", "heap/heap-node": 1}


# --- heapapi, from PyPI -----------------------------------------------------------------------------------------------
def load_its_tests():
    """The module of tests that the package installs as `tests.test_init`, beside ours."""
    path = next(path for folder in site.getsitepackages() if (path := Path(folder) / "tests" / "test_init.py").exists())
    spec = importlib.util.spec_from_file_location("tests_of_heapapi", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_python_client_passes_its_own_tests_and_what_they_send_is_taken(server, bring_along, monkeypatch):
    """Its bulks have items of `{"idx": 0}`, which name no event and nobody: they are refused in words."""
    environment = bring_along(PYTHONS_APP_ID)
    patch, post, answers = mock.patch, requests.post, {True: [], False: []}

    def send_here(url, **how):
        answers["idx" in how["data"]].append(post(url.replace(HEAP, server.base_url), **how))
        return mock.DEFAULT  # what its test expects

    monkeypatch.setattr(mock, "patch", lambda target: patch(target, side_effect=send_here))
    suite = unittest.defaultTestLoader.loadTestsFromModule(load_its_tests())
    result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)

    assert result.wasSuccessful() and result.testsRun, result.failures + result.errors
    assert [(answer.status_code, answer.text) for answer in answers[False]] == [(200, "OK")] * 3
    assert [answer.status_code for answer in answers[True]] == [400] * 4
    assert all("[0]" in answer.text for answer in answers[True])
    assert server.events(environment, "name, properties") == [
        ("Purchase", {}), ("Purchase", {"amount": 12, "currency": "USD"})
    ]  # fmt: skip
    assert server.people(environment) == {"xxx": {"age": 22}}
