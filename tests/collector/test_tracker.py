"""How the tracker's script is served; tests/browser/test_tracker.py runs it."""

import gzip

import pytest

from collector.tracker import SCRIPT, is_tracker, tracker

OF_TRACKING = 8 * 1024
OF_LABELLING = 400  # what visitors load of it; the rest is a file of its own


def test_it_is_small():
    assert len(tracker("GET", "/js/heap-1.js", {b"accept-encoding": b"gzip"}, {}).body) < OF_TRACKING + OF_LABELLING


def test_a_page_of_any_origin_gets_it_and_may_keep_it_for_an_hour(server, environment):
    answer = server.request("GET", f"/js/heap-{environment.app_id}.js")

    assert (answer.status, answer.body) == (200, SCRIPT)
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "max-age=3600" in answer.headers["cache-control"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_compressed_when_that_is_understood(server, environment):
    answer = server.request("GET", f"/js/heap-{environment.app_id}.js", headers={"Accept-Encoding": "br, gzip"})

    assert answer.headers["content-encoding"] == "gzip" and answer.headers["vary"] == "Accept-Encoding"
    assert gzip.decompress(answer.body) == SCRIPT


def test_one_that_has_not_changed_is_not_sent_again(server, environment):
    path = f"/js/heap-{environment.app_id}.js"
    etag = server.request("GET", path).headers["etag"]

    answer = server.request("GET", path, headers={"If-None-Match": f"W/{etag}"})

    assert (answer.status, answer.body) == (304, b"")


def test_it_has_the_name_that_heap_js_5_loads_too(server, environment, client):
    path = f"/config/{environment.app_id}/heap_config.js"

    assert server.request("GET", path).body == client.get(path).content == SCRIPT
    assert server.request("POST", path).status == 405


@pytest.mark.parametrize(
    "path",
    [
        "/config/1/heap_config.jsx",
        "/config//heap_config.js",
        "/config/x/heap_config.js",
        "/js/heap-.js",
        "/js/heap-x.js",
        "/js/heap-1.js/",
        "/js/heap-1xjs",
    ],
)
def test_other_paths_are_not_it(path):
    assert not is_tracker(path)


@pytest.mark.django_db
def test_the_plain_view_serves_it_too(client):
    response = client.get("/js/heap-1234567890.js", headers={"accept-encoding": "gzip"})

    assert response.status_code == 200
    assert gzip.decompress(response.content) == SCRIPT
    unchanged = client.get("/js/heap-1234567890.js", headers={"if-none-match": response["ETag"]})
    assert unchanged.status_code == 304
    assert "Content-Type" not in unchanged  # a browser would take it for the type of the script it keeps


def test_the_labelling_script_is_a_file_of_its_own_that_is_asked_for_anew_each_time(server, client):
    answer = server.request("GET", "/js/heap-label.js", headers={"Accept-Encoding": "gzip"})

    assert answer.status == 200 and b"/label/" in gzip.decompress(answer.body)
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    again = {"If-None-Match": answer.headers["etag"]}
    assert server.request("GET", "/js/heap-label.js", headers=again).status == 304
    assert client.get("/js/heap-label.js", headers={"accept-encoding": "gzip"}).content == answer.body
