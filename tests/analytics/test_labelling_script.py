"""What the script on a site asks and saves: what it counts is what reports count."""

import re
from datetime import timedelta

import pytest
from django.conf import settings

from accounts.models import Activity
from analytics.models import Definition
from events.records import ROBOT
from tests.analytics.factories import DefinitionFactory
from tests.analytics.label_script import BUY, COLUMNS, PAGE, condition, opened
from tests.analytics.rows import add_event, merge
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
BOUGHT = [condition("target_tag", "button"), condition("target_text", "Buy")]


def clicked(environment, ago=timedelta(), actor_id=1, **columns):
    return add_event(environment, ago=ago, actor_id=actor_id, **COLUMNS | columns)


def definition(environment, name, conditions, event="kind:click", match="all"):
    stored = [{"field": each["property"], "op": each["operator"], "value": each["value"]} for each in conditions]
    body = {"alternatives": [{"event": event, "where": {"match": match, "conditions": stored}}]}
    return DefinitionFactory(environment=environment, name=name, body=body)


def test_from_an_element_to_a_definition_that_counts_its_past(client):
    script = opened()
    environment = script.environment
    clicked(environment, actor_id=1)
    clicked(environment, ago=3 * DAY, actor_id=2, path="/products/18")
    clicked(environment, ago=20 * DAY, actor_id=3)
    merge(environment, 2, -1)
    merge(environment, 3, -1)
    clicked(environment, ago=40 * DAY, actor_id=4)
    clicked(environment, target_text="Back", actor_id=5)
    clicked(environment, path="/pricing", actor_id=6)
    clicked(environment, device=ROBOT, actor_id=7)
    clicked(EnvironmentFactory(), actor_id=8)

    proposed = script.ask("element", {"element": BUY, "page": PAGE}).json()

    ticked = [each["words"] for each in proposed["conditions"] if each["ticked"]]
    assert ticked == ["Element tag is “button”", "Target text is “Buy”"]
    assert (proposed["scope"], proposed["name"], proposed["covered_by"]) == ("like", "Click on Buy", [])
    counts = proposed["counts"]
    assert (counts["last_7"], counts["last_30"]) == ({"events": 2, "people": 2}, {"events": 3, "people": 2})
    assert len(counts["by_day"]) == 30
    assert (sum(counts["by_day"]), counts["by_day"][-1], counts["by_day"][-4]) == (3, 1, 1)
    assert [each["path"] for each in counts["newest"]] == ["/products/17", "/products/18", "/products/17"]

    [scope] = [each for each in proposed["scopes"] if each["name"] == proposed["scope"]]
    conditions = [each for each in proposed["conditions"] if each["ticked"]] + scope["conditions"]
    assert script.ask("counts", {"conditions": conditions}).json() == counts
    saved = script.ask("save", {"name": " Bought ", "conditions": conditions})

    [kept] = Definition.objects.all()
    assert saved.json() == {
        "name": "Bought",
        "url": f"{settings.SITE_URL}/env/{environment.app_id}/definitions/{kept.lineage}/",
    }
    assert (kept.environment, kept.name, kept.created_by) == (environment, "Bought", script.user)
    row = Activity.objects.latest("pk")
    assert (row.verb, row.target, row.by, row.project_number) == (
        "definition.create", "Bought", script.user, environment.project_id,
    )  # fmt: skip
    page = script.client.get(saved.json()["url"]).content.decode()
    assert re.search(r">2 <span[^>]*>events in the last 7 days", page), "it counts as the script was told"
    again = script.ask("element", {"element": BUY, "page": PAGE}).json()
    assert again["covered_by"] == [saved.json()]


def test_the_graph_behind_the_counts_shows_the_same():
    script = opened()
    clicked(script.environment, actor_id=1)
    clicked(script.environment, ago=8 * DAY, actor_id=1)

    counts = script.ask("counts", {"conditions": BOUGHT}).json()

    answer = script.client.get(counts["url"] + "&format=csv")
    assert counts["url"].startswith(f"{settings.SITE_URL}/env/{script.environment.app_id}/graph/?series.0.event=")
    assert answer.status_code == 200
    export = script.client.get(counts["url"].replace("/graph/?", "/export/?kind=graph&"))
    last = b"".join(export.streaming_content if export.streaming else [export.content]).decode().splitlines()[-1]
    assert last.split(",")[1:] == ["2", "1"]


def test_what_covers_an_element():
    script = opened()
    environment = script.environment
    wanted = definition(environment, "Bought", BOUGHT)
    of_it = definition(environment, "On products", [condition("path", "/products/*", "matches")], str(refers(wanted)))
    definition(environment, "Elsewhere", [*BOUGHT, condition("path", "/pricing")])
    definition(environment, "Viewed", [], "builtin:pageview")
    definition(environment, "In Chrome", [*BOUGHT, condition("browser", "Chrome")])
    definition(environment, "Circle", [], f"definition:{of_it.lineage}")
    definition(environment, "Gone", [], "definition:00000000-0000-4000-8000-000000000000")
    definition(EnvironmentFactory(), "Theirs", BOUGHT)
    any_of = definition(environment, "Any", [condition("target_text", "Buy"), condition("title", "No")], match="any")

    answer = script.ask("counts", {"conditions": BOUGHT, "element": BUY, "page": PAGE}).json()

    assert [each["name"] for each in answer["covered_by"]] == ["Any", "Bought", "Circle", "On products"]
    assert answer["covered_by"][0]["url"].endswith(f"/definitions/{any_of.lineage}/")


def refers(kept):
    return f"definition:{kept.lineage}"


def test_what_is_defined_on_a_page_and_what_is_clicked_there():
    script = opened()
    environment = script.environment
    clicked(environment)
    clicked(environment, ago=2 * DAY)
    clicked(environment, ago=8 * DAY)
    clicked(environment, target_text="Back", target_href="/", target_id="back")
    clicked(environment, path="/pricing")
    clicked(environment, domain="staging.example")
    definition(environment, "Bought", BOUGHT)
    definition(environment, "Never here", [*BOUGHT, condition("path", "/pricing")])
    definition(environment, "Not yet", [condition("target_id", "new"), condition("domain", "shop.example")])
    definition(environment, "Viewed", [], "builtin:pageview")

    answer = script.ask("page", {"page": PAGE}).json()

    assert [(each["name"], each["last_7"]) for each in answer["definitions"]] == [("Bought", 2), ("Not yet", 0)]
    [alternative] = answer["definitions"][0]["any"]
    assert (alternative["event"], alternative["match"], alternative["groups"]) == ("kind:click", "all", [])
    assert [each["value"] for each in alternative["conditions"]] == ["button", "Buy"]
    assert answer["clicks"] == [
        BUY | {"href": "", "id": "", "events": 2},
        BUY | {"text": "Back", "href": "/", "id": "back", "events": 1},
    ]


def test_a_definition_that_cannot_be_read_any_more_stops_no_other():
    script = opened()
    clicked(script.environment)
    whole = definition(script.environment, "Bought", BOUGHT)
    broken = DefinitionFactory(environment=script.environment, name="Broken", body={"alternatives": "x"})
    definition(script.environment, "Of broken", BOUGHT, event=f"definition:{broken.lineage}")

    marked = script.ask("page", {"page": PAGE}).json()
    proposed = script.ask("element", {"element": BUY, "page": PAGE}).json()

    assert [each["name"] for each in marked["definitions"]] == ["Bought"]
    assert [each["name"] for each in proposed["covered_by"]] == ["Bought"], whole


def test_a_route_in_the_fragment_is_a_page():
    script = opened()
    clicked(script.environment, hash="#/cart", path="/app")
    clicked(script.environment, hash="#/", path="/app", target_text="Home")

    answer = script.ask("page", {"page": PAGE | {"path": "/app", "hash": "#/cart"}}).json()

    assert [each["text"] for each in answer["clicks"]] == ["Buy"]


WRONG = [
    ("element", {}, "element"),
    ("element", {"element": BUY, "page": 7}, "page"),
    ("element", {"element": BUY, "page": PAGE, "event": "event:Paid"}, "event"),
    ("element", {"element": BUY, "page": PAGE, "event": "builtin:session"}, "event"),
    ("element", {"element": BUY, "page": PAGE, "event": ["kind:click"]}, "event"),
    ("counts", {}, "conditions"),
    ("counts", {"conditions": ["x"]}, "conditions.0"),
    ("counts", {"conditions": [condition("target_tag", "a"), condition("nothing", "a")]}, "conditions.1"),
    ("counts", {"conditions": [condition("target_tag", "a", "like")]}, "conditions.0"),
    ("counts", {"conditions": [condition("target_tag", "x" * 1025)]}, "conditions.0"),
    ("counts", {"conditions": [condition("target_tag", 7)]}, "conditions.0"),
    ("counts", {"conditions": [condition("path", "7", "less"), condition("path", "x", "less")]}, "conditions.1"),
    ("counts", {"conditions": [{"property": "user:plan", "operator": "is", "value": "pro"}]}, "conditions.0"),
    ("counts", {"conditions": [{"property": "person:identity", "operator": "exists"}]}, "conditions.0"),
    ("counts", {"conditions": [condition("target_tag", "a")] * 21}, "conditions"),
    ("counts", {"conditions": [], "event": "definition:00000000-0000-4000-8000-000000000000"}, "event"),
    ("save", {"conditions": BOUGHT}, "name"),
    ("save", {"conditions": BOUGHT, "name": " "}, "name"),
    ("save", {"conditions": BOUGHT, "name": 7}, "name"),
    ("save", {"conditions": BOUGHT, "name": "x" * 201}, "name"),
    ("save", {"conditions": BOUGHT, "name": "x", "event": "builtin:session"}, "event"),
    ("page", {}, "page"),
]  # fmt: skip


def test_what_cannot_be_understood_is_said_and_changes_nothing():
    script = opened()

    for path, body, at in WRONG:
        response = script.ask(path, body)
        assert (response.status_code, response.json().get("at")) == (400, at), (path, body)
        assert response.json()["error"].strip()
    for raw in (b"", b"[]", b"nonsense", b"\xff\xfe", b"[" * 30_000, b'{"conditions": 1e999}'):
        assert script.ask("counts", None, raw=raw).status_code == 400
    assert script.ask("counts", None, raw=b"x" * (64 * 2**10 + 1)).status_code == 413
    assert not Definition.objects.exists()


def test_odd_text_is_stored_as_the_collector_stores_it():
    script = opened()
    odd = "Bu\0y \ud800 \u202egnp"

    answer = script.ask("element", {"element": BUY | {"text": odd, "class": "x" * 9000}, "page": PAGE | {"title": odd}})
    saved = script.ask("save", {"name": odd, "conditions": [condition("target_text", odd)]})

    assert answer.status_code == saved.status_code == 200
    assert "\u202e" not in answer.json()["name"]
    [kept] = Definition.objects.all()
    assert kept.body["alternatives"][0]["where"]["conditions"][0]["value"] == "Buy ? \u202egnp"


def test_a_request_runs_the_same_number_of_queries_however_much_is_defined(django_assert_max_num_queries):
    script = opened()
    for number in range(30):
        definition(script.environment, f"{number}", BOUGHT)
    clicked(script.environment)

    with django_assert_max_num_queries(75):
        script.ask("element", {"element": BUY, "page": PAGE})
    with django_assert_max_num_queries(45):
        assert len(script.ask("page", {"page": PAGE}).json()["definitions"]) == 30
