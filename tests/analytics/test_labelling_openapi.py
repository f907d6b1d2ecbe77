"""What the paths for the labelling script ask and answer is what docs/openapi.yaml says."""

import pytest
import yaml
from django.conf import settings
from django.test import Client
from jsonschema import Draft202012Validator

from analytics.views.labelling.urls import SCRIPT
from tests.analytics.label_script import BUY, COLUMNS, ORIGIN, PAGE, Labelling, condition
from tests.analytics.rows import add_event

pytestmark = pytest.mark.django_db
BOUGHT = {"conditions": [condition("target_text", "Buy")]}
BODIES = {
    "element": {"element": BUY, "page": PAGE},
    "counts": BOUGHT | {"element": BUY, "page": PAGE},
    "save": BOUGHT | {"name": "Bought"},
    "page": {"page": PAGE},
    "end": {},
}
WRONG = {"element": {"element": 1}, "counts": {}, "save": BOUGHT, "page": {"page": []}}


@pytest.fixture(scope="module")
def told():
    return yaml.safe_load((settings.BASE_DIR / "docs" / "openapi.yaml").read_text())


def holds(told, schema, value):
    errors = list(Draft202012Validator({"components": told["components"]} | schema).iter_errors(value))
    assert not errors, errors


def test_each_answer_is_as_it_says(told):
    script = Labelling()
    add_event(script.environment, **COLUMNS)
    bodies = {"open": {"ticket": script.ticket()}} | {
        name: BODIES[name] for name in ("save", "element", "counts", "page", "end")
    }
    assert set(bodies) == set(SCRIPT)

    for name, body in bodies.items():
        post = told["paths"][f"/label/{name}/"]["post"]
        response = script.open(body["ticket"]) if name == "open" else script.ask(name, body)
        assert response.status_code == 200
        holds(told, post["requestBody"]["content"]["application/json"]["schema"], body)
        holds(told, post["responses"]["200"]["content"]["application/json"]["schema"], response.json())


@pytest.mark.parametrize("name", WRONG)
def test_refusals_too(told, name):
    script = Labelling()
    script.open()
    post = told["paths"][f"/label/{name}/"]["post"]["responses"]
    answers = [script.ask(name, WRONG[name]), script.ask(name, {}, Origin=f"{ORIGIN}.evil")]
    script.token = "a"
    answers.append(script.ask(name, {}))
    answers.append(Client().get(f"/label/{name}/", headers={"Origin": ORIGIN}))

    assert [each.status_code for each in answers] == [400, 403, 401, 405]
    assert {str(each.status_code) for each in answers} <= set(post)
    for each in answers:
        holds(told, {"$ref": "#/components/schemas/LabelError"}, each.json())
