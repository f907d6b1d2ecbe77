"""What Heap's libraries for mobile apps send to addresses of their own, through real HTTP."""

import time

import pytest

from tests.collector.test_people_who_grow import until
from tests.collector.test_senders import COUNTED, UUID


def message(environment, **fields):
    now = str(int(time.time() * 1000))
    return {
        "envId": environment.app_id,
        "id": "1347000000000001",
        "applicationInfo": {"appName": "Shop", "appVersion": "1.1.1", "libraryVersion": "8.2.0"},
        "pageviewInfo": {
            "id": "7700000000000001",
            "title": "Sign in",
            "viewController": "Shop.SignIn",
            "timestamp": now,
        },
        "sessionInfo": {"id": "1331721900000001", "timestamp": now},
        "deviceInfo": {"phoneModel": "arm64", "platform": "iOS 15.4", "iosVendorId": UUID},
        "timestamp": now,
        "user": {"id": "5239706863795412"},
    } | fields


TOUCH = {
    "touchEvent": {
        "targetView": "UIButton", "targetIvar": "signIn", "targetText": "Sign in", "type": "touch",
        "viewAncestry": {"ancestry": [{"class": "UIWindow"}, {"class": "UIView"}]},
    },
    "appVisibilityState": 2,
}  # fmt: skip


def test_a_batch_of_ios_is_stored(server, environment):
    tap = {"sourceEvent": {"type": "touch", "source": "rn", "sourceProperties": {"screen": {"string": "Cart"}}}}
    own = {
        "sourceCustomEvent": {
            "name": "Order", "source": "rn", "customProperties": {"amount": {"string": "12"}, "gift": {"bool": True}},
        }
    }  # fmt: skip
    events = [TOUCH, tap, own, {"customEvent": {"name": "Paid", "properties": {"n": 1}}}, {"shakeEvent": {}}]
    messages = [message(environment, id=str(number), event=event) for number, event in enumerate(events)]
    messages[3]["user"] = messages[3]["user"] | {"identity": "ann"}
    batch = {"sentTime": str(int(time.time() * 1000)), "messages": messages}

    answers = [server.post("/api/integrations/ios/track", batch) for _ in range(2)]  # the second is a repeat

    assert [(answer.status, answer.body) for answer in answers] == [(200, b"OK")] * 2
    assert server.events(environment, "kind, name, properties") == [
        ("click", "", {}), ("click", "", {"screen": "Cart"}), ("custom", "Order", {"amount": "12", "gift": True}),
        ("custom", "Paid", {"n": 1}), ("custom", "shakeEvent", {}),
    ]  # fmt: skip
    what = "actor_id, session_id, pageview_id, path, title, platform, os, "
    what += "target_tag, target_id, target_text, target_hierarchy"
    assert server.events(environment, what)[0] == (
        5239706863795412, 1331721900000001, 7700000000000001, "Shop.SignIn", "Sign in", "ios", "iOS",
        "UIButton", "signIn", "Sign in", "@UIWindow;|@UIView;|",
    )  # fmt: skip
    assert list(server.people(environment)) == ["ann"]


def test_a_batch_of_ios_is_of_one_environment(server, environment):
    other = server.make_environment()
    messages = [message(environment, event=TOUCH), message(other, event=TOUCH)]

    answer = server.post("/api/integrations/ios/track", {"messages": messages})

    assert answer.status == 400
    assert "messages[1].envId is not that of the others" in answer.text
    assert server.events(environment) == server.events(other) == []


def protobuf_batch(environment):
    """As Heap's SDK for Android begins it: a batch of messages, each with its number and its environment."""
    app_id = environment.app_id.encode()
    inner = b"\x08\xd2\x85\xd8\xcc\x04\x12" + bytes([len(app_id)]) + app_id + b"\x1a\x04\x0a\x02\x08\x05"
    return b"\x0a" + bytes([len(inner)]) + inner


@pytest.mark.parametrize("sdk", ["integrations/android", "capture/v2"])
@pytest.mark.parametrize("call", ["track", "identify", "add_user_properties"])
def test_protobuf_is_refused_with_a_text_that_says_so_and_counted(server, environment, sdk, call):
    body, kind = protobuf_batch(environment), {"Content-Type": "application/x-protobuf"}
    path = f"/api/{sdk}/{call}"

    answers = [
        server.request("POST", path, body, kind),
        server.request("POST", f"{path}?b=swift&a={environment.app_id}", b"\x0a\x00", kind),
        server.request("POST", path, b"\x0a\x00", kind | {"X-Heap-Env-Id": environment.app_id}),
        server.request("POST", path, b"\x0a\x00", kind),
        *(server.request("POST", f"{path}?a={odd}", b"\x0a\x00", kind) for odd in ("%ff", "%c2%b2", "%d9%a1", "")),
    ]

    assert {answer.status for answer in answers} == {415}
    assert all("protobuf" in answer.text for answer in answers)
    assert server.events(environment) == []
    sql = COUNTED.format("protobufs_refused", "bad")
    assert until(lambda: server.query(sql, environment.pk), [(3,)]) == [(3,)]
