"""What a running collector has stored is in the catalogue a moment later, before anybody counts it."""

import time

NAMES = "select n.name from catalogue_names n where n.environment_id = %s and n.kind = 'custom'"
KEYS = "select k.key from catalogue_keys k where k.environment_id = %s order by 1"


def test_a_new_name_is_there_a_moment_after_its_event_was_answered(server, environment):
    event = {"app_id": environment.app_id, "identity": "ann", "event": "Refund", "properties": {"reason": "late"}}
    person = {"app_id": environment.app_id, "identity": "ann", "properties": {"plan": "gold"}}

    assert server.post("/api/track", event).status == 200
    assert server.post("/api/add_user_properties", person).status == 200
    deadline = time.monotonic() + 20
    while len(server.query(KEYS, environment.pk)) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)

    assert server.query(NAMES, environment.pk) == [("Refund",)]
    assert server.query(KEYS, environment.pk) == [("plan",), ("reason",)]
    assert server.query("select count(*) from catalogue_marks where environment_id = %s", environment.pk) == [(0,)]
