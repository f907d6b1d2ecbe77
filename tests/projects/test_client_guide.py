"""The guide for clients made for Heap: on the Install page, in docs/clients.md, and as far as it can be run, run."""

import pytest
from django.conf import settings

from projects.client_guide import clients
from projects.install_guide import way

WHERE = {"app_id": "2682025610", "site_url": "https://analytics.example.com"}
GUIDES = [each for of_heading in clients(**WHERE).values() for each in of_heading]
PAGE = (settings.BASE_DIR / "docs/clients.md").read_text()
RUN_BY = {  # whose lines a test runs: the file and the name of the test
    "heap-api, Heap's own for Node": ("collector/test_clients.py", "test_the_lines_for_heap_api"),
    "heapapi for Python": ("collector/test_clients.py", "test_the_lines_for_heapapi"),
    "Segment, Heap Web (Actions)": ("browser/test_tracker_clients.py", "test_segments_destination"),
    "angulartics and whatever else calls window.heap": ("browser/test_tracker_clients.py", "test_angulartics"),
}


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
