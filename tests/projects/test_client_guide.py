"""The guide for clients made for Heap: on the Install page, in docs/clients.md, and as far as it can be run, run."""

import subprocess

import pytest
from django.conf import settings

from projects.client_guide import clients
from projects.install_guide import way
from tests.collector.conftest import collecting_server, environment, server  # noqa: F401  fixtures by import
from tests.npm import installed

WHERE = {"app_id": "2682025610", "site_url": "https://analytics.example.com"}
GUIDES = [each for of_heading in clients(**WHERE).values() for each in of_heading]
PAGE = (settings.BASE_DIR / "docs/clients.md").read_text()
RUN_BY = {  # whose lines a test runs: the file and the name of the test
    "heap-api, Heap's own for Node": ("projects/test_client_guide.py", "test_the_lines_for_heap_api"),
    "heapapi for Python": ("projects/test_client_guide.py", "test_the_lines_for_heapapi"),
    "Segment, Heap Web (Actions)": ("browser/test_tracker_clients.py", "test_segments_destination"),
    "angulartics and whatever else calls window.heap": ("browser/test_tracker_clients.py", "test_angulartics"),
}


def lines(name, server, environment):
    guides = clients(app_id=environment.app_id, site_url=server.base_url).values()
    return next(each.text for of_heading in guides for each in of_heading if each.name == name)


def test_what_is_said_to_run_is_run():
    assert {each.name for each in GUIDES if each.ran} == set(RUN_BY)
    for file, name in RUN_BY.values():
        assert f"\ndef {name}(" in (settings.BASE_DIR / "tests" / file).read_text()


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_the_page_in_docs_says_the_same(guide):
    part = PAGE.split(f"\n### {guide.name}{' (run by our tests)' if guide.ran else ''}\n")[1].split("\n### ")[0]

    assert guide.words in " ".join(part.split())
    assert guide.text in part


def test_the_page_in_docs_names_no_other():
    assert PAGE.count("\n### ") == len(GUIDES)


def test_the_install_page_has_them_all():
    assert [step.heading for step in way("clients", **WHERE).steps[1:]] == [each.name for each in GUIDES]


def test_a_slash_at_the_end_of_the_address_is_not_doubled():
    for of_heading in clients(app_id="1", site_url="https://stats.example/").values():
        assert not [each.name for each in of_heading if "stats.example//" in each.text + each.words]


@pytest.mark.django_db(transaction=True)
def test_the_lines_for_heapapi(server, environment):  # noqa: F811
    names = {}
    exec(lines("heapapi for Python", server, environment), names)

    answers = [names["heap"].track("ann", "Order"), names["heap"].add_user_properties("ann", {"plan": "pro"})]

    assert [each.text for each in answers] == ["OK", "OK"]
    assert server.events(environment, "name") == [("Order",)]
    assert server.people(environment) == {"ann": {"plan": "pro"}}


@pytest.mark.node
@pytest.mark.django_db(transaction=True)
def test_the_lines_for_heap_api(server, environment):  # noqa: F811
    folder = installed(settings.BASE_DIR / "tests/collector/node/package.json")
    calls = 'heap.track("Order", "ann").then(() => heap.addUserProperties("ann", { plan: "pro" }));'
    script = f"{lines(list(RUN_BY)[0], server, environment)}\n{calls}"

    subprocess.run(["node", "-e", script], cwd=folder, check=True, capture_output=True, text=True, timeout=60)

    assert server.events(environment, "name") == [("Order",)]
    assert server.people(environment) == {"ann": {"plan": "pro"}}
