"""From nothing to a 403, as somebody new goes it, against the server that people run."""

# ruff: noqa: F401, F811 (fixtures of the collector's tests)

import pytest
from playwright.sync_api import expect

from tests.collector.conftest import collecting_server, server


@pytest.fixture
def page(browser, server):
    context = browser.new_context(base_url=server.base_url, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def test_sign_up_send_an_event_see_it_and_exclude_its_address(page, server, axe_clean):
    page.goto("/login/signup/")
    axe_clean(page)
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("E-mail").fill("ada@shop.example")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Company or team").fill("Shop")
    page.get_by_label("First project").fill("Web shop")
    page.get_by_role("button", name="Make account").click()
    page.get_by_role("link", name="Install").first.click()
    expect(page.get_by_text("Waiting for the first event")).to_be_visible()
    axe_clean(page)
    app_id = page.url.split("/")[4]

    sent = server.post("/api/track", {"app_id": app_id, "identity": "grace@shop.example", "event": "Signed up"})

    assert (sent.status, sent.text) == (200, "OK")
    expect(page.get_by_text("Events are arriving")).to_be_visible()  # by itself
    page.get_by_role("link", name="see them live").click()
    expect(page.get_by_role("listitem").filter(has_text="Signed up").first).to_be_visible()
    expect(page.get_by_text("grace@shop.example").first).to_be_visible()
    axe_clean(page)

    [(account_id, environment_id)] = server.query(
        "select account_id, environment.id from projects_environment environment "
        "join projects_project project on project.id = project_id where app_id = %s",
        app_id,
    )
    page.goto(f"/account/{account_id}/excluded-ips/")
    page.get_by_label("Excluded IPs, one per line").fill("127.0.0.* # this machine")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_be_visible()
    axe_clean(page)

    identify = {"app_id": app_id, "identity": "grace@shop.example", "properties": {"plan": "pro"}}
    answers = wait_for_403(server, identify)
    track = server.post("/api/track", {"app_id": app_id, "identity": "grace@shop.example", "event": "Dropped"})
    assert answers.status == 403
    assert "Access-Control-Allow-Origin" in answers.headers
    assert (track.status, track.headers["X-Heapadmin-Dropped"]) == (200, "excluded-ip")
    assert server.query("select name from events where environment_id = %s", environment_id) == [("Signed up",)]


def wait_for_403(server, payload, tries: int = 30):
    """Both workers know the rule within a second of the save; ask until they do, at most a few seconds."""
    answer = server.post("/api/identify", payload)
    for _ in range(tries):
        if answer.status == 403:
            break
        answer = server.post("/api/identify", payload)
    return answer


def test_the_test_event_of_the_install_page(page, server, axe_clean):
    page.goto("/login/signup/")
    page.get_by_label("Your name").fill("Grace Hopper")
    page.get_by_label("E-mail").fill("grace@navy.example")
    page.get_by_label("Password", exact=True).fill("correct horse battery")
    page.get_by_label("Company or team").fill("Navy")
    page.get_by_label("First project").fill("Ships")
    page.get_by_role("button", name="Make account").click()
    page.get_by_role("link", name="Install").first.click()
    page.get_by_role("link", name="Server").click()
    axe_clean(page)

    page.get_by_role("button", name="Send a test event").press("Enter")

    expect(page.get_by_text("Stored. It is in the live view")).to_be_visible()
    expect(page.get_by_role("button", name="Send a test event")).to_be_focused()
    expect(page.get_by_text("Events are arriving")).to_be_visible()
    app_id = page.url.split("/")[4]
    [(environment_id, account_id)] = server.query(
        "select environment.id, account_id from projects_environment environment "
        "join projects_project project on project.id = project_id where app_id = %s",
        app_id,
    )
    assert server.query("select name from events where environment_id = %s", environment_id) == [("Test event",)]

    page.goto(f"/account/{account_id}/excluded-ips/")
    page.get_by_label("Excluded IPs, one per line").fill("127.0.0.*")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_be_visible()
    wait_for_403(server, {"app_id": app_id, "identity": "a", "properties": {"plan": "pro"}})
    page.goto(f"/env/{app_id}/install/")
    page.get_by_role("button", name="Send a test event").click()
    expect(page.get_by_text("Dropped: your address is on the list of excluded IPs.")).to_be_visible()
