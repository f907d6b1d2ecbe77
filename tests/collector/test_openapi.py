"""docs/openapi.yaml is true of a running server, and describes every endpoint."""

import json
import os
import re
import subprocess
import sys

import pytest
import yaml
from django.conf import settings

from analytics.views.labelling.urls import SCRIPT as LABELLING
from analytics.views.read_api import urls as read_api
from collector.decide import ENDPOINTS
from collector.views.public_api import ROOT
from tests.collector.test_public_api import Shop
from tests.collector.test_read_api_client import make_token

DOCUMENT = settings.BASE_DIR / "docs" / "openapi.yaml"
TRACKERS = ("/js/heap-{app_id}.js", "/config/{app_id}/heap_config.js", "/js/heap-label.js")
PUBLIC = {
    "auth_token": "POST",
    "user_deletion": "POST",
    "import": "POST",
    "notes": "POST",
    "deletion_status/{deletion_request_id}": "GET",
}
SHOWN = 800  # characters of a line of what schemathesis says
EXAMPLES = 8  # of each phase and operation


def document():
    return yaml.safe_load(DOCUMENT.read_text())


def test_it_has_every_path_with_its_methods():
    told = {path: {method.upper() for method in methods} for path, methods in document()["paths"].items()}

    assert told == (
        {path: {"OPTIONS", *endpoint.methods} for path, endpoint in ENDPOINTS.items()}
        | {path: {"OPTIONS", "GET"} for path in TRACKERS}
        | {f"/label/{path}/": {"OPTIONS", "POST"} for path in LABELLING}
        | {f"{ROOT}{path}": {method} for path, method in PUBLIC.items()}
        | reading()
    )


def reading():
    """The paths of the read API, from its URLs."""
    found = {}
    for pattern in read_api.urlpatterns[:-1]:  # the last one is for paths that there are not
        path = re.sub(r"<\w+:(\w+)>", r"{\1}", str(pattern.pattern)).replace("{lineage}", "{id}")
        found[f"/{path}"] = set(pattern.callback.by_method)
    return found


CONFIG = """
[generation]
allow-x00 = false
deterministic = true
database = "none"
[checks.negative_data_rejection]
expected-statuses = [400, 401, 404, 413, 414, 415]
"""
NARROWER = {  # bounds that the document gives only in words, or that depend on the current time
    "Timestamp": {"enum": ["2017-03-10T22:21:56+00:00", "2017-03-10T22:21:56.5Z", 1489184516, 1489184516000, None]},
    "Milliseconds": {"type": "integer", "minimum": 1_600_000_000_000, "maximum": 1_700_000_000_000},
    "Pairs": {"const": ["name", "value"]},
    "Literals": {"const": ["name", "1.5"]},
    "IdentityText": {"type": "string", "pattern": "^[A-Za-z0-9@.]{5,40}[0-9]$"},  # names somebody
}
NOT_READ = "/integrations/android/|/capture/"  # always refused: test_senders.py
FOR_A_SITE = "^/label/"  # refused but for confirmed sites: tests/analytics/test_labelling_openapi.py


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_the_server_does_what_it_says(server, environment, tmp_path, mode):
    told = document()
    schemas = told["components"]["schemas"]
    schemas["AppId"] = schemas["AppIdOrNumber"] = {"const": environment.app_id}
    if mode == "positive":
        schemas |= NARROWER
        for name in ("pp", "sp"):
            told["components"]["parameters"][name]["schema"] = NARROWER["Pairs"]
        told["components"]["parameters"]["t0"]["required"] = True  # other parameters of an event need it
    command = [f"--mode={mode}", f"--exclude-path-regex={ROOT}|{NOT_READ}|{FOR_A_SITE}"]
    if mode == "negative":  # what is valid by chance need not keep to the bounds in words, which only NARROWER knows
        command.append("--exclude-checks=positive_data_acceptance")

    result = hold(server, told, tmp_path, *command)

    assert result.returncode == 0, shown(result)


def test_so_do_the_paths_for_holders_of_an_api_key(server, environment, tmp_path):
    token = Shop(server, environment).token
    options = ["--mode=all", f"--include-path-regex={ROOT}", f"--header=Authorization: Bearer {token}"]
    options += ["--exclude-checks=ignored_auth"]  # the header goes along always

    result = hold(server, document(), tmp_path, *options)

    assert result.returncode == 0, shown(result)


NARROWER_READING = {
    "PageCursor": {"const": ""},
    "QuestionDays": {"enum": ["7", "30", "this_month"]},
    "QuestionEvent": {"enum": ["builtin:pageview", "event:Signed up"]},
    "QuestionKind": {"enum": ["graph", "lifecycle", "sessions", "users"]},  # the others need more parameters
    "ExcludedIPsText": {"enum": ["", "192.0.2.0/24 # office"]},
}


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_so_do_the_paths_for_holders_of_an_api_token(server, environment, tmp_path, mode):
    told = document()
    schemas = told["components"]["schemas"]
    if mode == "positive":
        schemas |= NARROWER_READING
    schemas["ReadAppId"] = {"const": environment.app_id}
    secret = make_token(environment.project)
    options = [f"--mode={mode}", f"--include-path-regex=^/{read_api.ROOT}", f"--header=Authorization: Bearer {secret}"]
    options += ["--exclude-checks=ignored_auth"]
    if mode == "negative":
        options.append("--exclude-checks=positive_data_acceptance")

    result = hold(server, told, tmp_path, *options)

    assert result.returncode == 0, shown(result)


def hold(server, told, folder, *options):
    """Have schemathesis try all that the document says, in the same way each time."""
    (folder / "openapi.json").write_text(json.dumps(told))
    (folder / "schemathesis.toml").write_text(CONFIG)
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json", f"--url={server.base_url}"]
    command += ["--no-color", "--no-shrink", f"--max-examples={EXAMPLES}", "--seed=1", "--phases=coverage,fuzzing"]
    command += ["--suppress-health-check=all", "--continue-on-failure", *options]
    return subprocess.run(command, cwd=folder, env=os.environ, capture_output=True, text=True)


def shown(result):
    return "\n".join(line[:SHOWN] for line in (result.stdout + result.stderr).splitlines())
