"""The Install page: a tab for each way to send, with texts that can be pasted as they are."""

import json
import re
import subprocess

import pytest
from django.conf import settings
from django.urls import reverse

from projects import actions
from projects.install_guide import WAYS, csp, way
from tests.factories import EnvironmentFactory, MembershipFactory

WHERE = {"app_id": "1234567890", "site_url": "https://stats.shop.example"}


@pytest.fixture
def environment(db):
    return EnvironmentFactory()


@pytest.fixture
def ada(client, environment):
    user = MembershipFactory(account=environment.project.account).user
    client.force_login(user)
    return user


def page_of(client, environment, how=""):
    return client.get(reverse("projects:install", args=[environment.app_id]), {"how": how} if how else {})


@pytest.mark.parametrize("how", WAYS)
def test_each_way_has_a_tab_and_names_the_environment(client, environment, ada, how):
    response = page_of(client, environment, how)

    page = response.content.decode()
    assert re.search(rf'href="[^"]*\\?how={how}" aria-current="page"', page)
    texts = [step.text for step in response.context["way"].steps if environment.app_id in step.text]
    assert texts
    assert settings.SITE_URL in "".join(texts)


@pytest.mark.parametrize("how", ["", "nonsense", "site"])
def test_without_a_way_it_is_a_web_site(client, environment, ada, how):
    assert page_of(client, environment, how).context["way"].key == "site"


def test_it_says_which_signals_are_obeyed(client, environment, ada):
    assert "it obeys neither now" in page_of(client, environment).content.decode()

    actions.change_capture(environment=environment, by=ada, obeys_gpc=True, obeys_dnt=True)

    assert "it obeys Global Privacy Control and Do Not Track now" in page_of(client, environment).content.decode()


@pytest.mark.parametrize(("read_only", "shown"), [(False, True), (True, False)])
def test_who_only_looks_has_no_button_for_a_test_event(client, environment, ada, read_only, shown):
    client.force_login(MembershipFactory(account=environment.project.account, read_only=read_only).user)

    page = page_of(client, environment).content.decode()

    assert ("Send a test event" in page, "js/install" in page) == (shown, shown)
    assert (f"{ada.name} can give you more" in page) is read_only


@pytest.mark.parametrize("option", ["disableTextCapture", "disableTracking", "disablePageviewAutocapture"])
def test_it_names_options_that_the_tracker_knows(client, environment, ada, option):
    page = page_of(client, environment).content.decode().replace("<wbr>", "")
    assert f"<code>{option}: true</code>" in page
    assert f"config.{option}" in (settings.BASE_DIR / "collector/tracker/heap.js").read_text()


def test_the_csp_lines_name_the_servers_origin_alone():
    assert csp("https://stats.shop.example/") == (
        "script-src https://stats.shop.example;\nconnect-src https://stats.shop.example;\n"
        "img-src https://stats.shop.example;"
    )


def texts(how):
    return [step.text for step in way(how, **WHERE).steps]


def test_the_file_of_npm_is_javascript():
    checked = subprocess.run(
        ["node", "--check", "--input-type=module"], input=texts("npm")[0], capture_output=True, text=True, check=False
    )

    assert checked.stderr == ""


def test_the_layout_of_next_holds_the_whole_snippet():
    inner = texts("site")[0].removeprefix("<script>").removesuffix("</script>").strip()

    assert inner in texts("next")[0]
    assert not {"`", "${"} & set(re.findall(r"`|\$\{", inner)), "it would end the text of the Script"


def test_the_lines_for_python_and_node_send_the_event(tmp_path):
    curl, python, node = texts("server")
    sent = json.loads(re.search(r"-d '(.+)'", curl)[1])
    calls = []
    fake = type("requests", (), {"post": lambda url, **options: calls.append((url, options)) or Answer()})
    exec(python.replace("import requests", ""), {"requests": fake})

    [(url, options)] = calls
    assert (url, options["json"]["app_id"]) == ("https://stats.shop.example/api/track", sent["app_id"])
    script = f"globalThis.fetch = async (url, options) => console.log(JSON.stringify([url, options]));\n{node}"
    said = subprocess.run(["node", "--input-type=module"], input=script, capture_output=True, text=True, check=True)
    url, options = json.loads(said.stdout)
    assert (url, json.loads(options["body"])["app_id"]) == ("https://stats.shop.example/api/track", sent["app_id"])


class Answer:
    def raise_for_status(self):
        pass
