"""What an environment leaves out: the rules, the page, and who may change them."""

import re

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from accounts.models import Activity
from projects import actions
from projects.capture import LONGEST_PATTERN, MOST_PATTERNS, BadPattern, Capture, paths, sites
from projects.forms import CaptureForm
from projects.models import Environment
from tests.crawler import forms_of
from tests.factories import EnvironmentFactory, MembershipFactory

EVERY = Capture(
    without_query=True, without_hash=True, without_titles=True, without_text=True, obeys_gpc=True, obeys_dnt=True,
    only_sites=("shop.example",), only_paths=("/a/*",), never_sites=("*.shop.example",), never_paths=("/admin",),
)  # fmt: skip


# --- The rules ------------------------------------------------------------------------------------------------------
def test_it_is_kept_as_json_and_comes_back():
    assert Capture.from_json(EVERY.to_json()) == EVERY
    assert Capture().to_json() == {}
    assert Capture.from_json({"obeys_gpc": True, "of_a_later_version": 1}) == Capture(obeys_gpc=True)


@pytest.mark.parametrize(
    ("capture", "taken", "left_out"),
    [
        (Capture(), ["shop.example/", "/", "x.y/z"], []),
        (Capture(only_sites=("a.example",)), ["a.example/", "A.example/a/b"], ["www.a.example/", "aXexample/", "/"]),
        (Capture(only_sites=("*.a.example",)), ["b.a.example/", "c.b.a.example/x"], ["a.example/", "ba.example/"]),
        (Capture(never_sites=("*.local", "localhost")), ["shop.example/"], ["mac.local/", "localhost/a"]),
        (Capture(only_paths=("/shop/*", "/")), ["x/", "x/shop/", "x/shop/a/b"], ["x/shop", "x/other"]),
        (Capture(never_paths=("/admin*",)), ["x/", "x/a/admin"], ["x/admin", "x/administration/a"]),
        (Capture(never_paths=("/user/*/secret",)), ["x/user/7/open", "x/user/7/8/secret"], ["x/user/7/secret"]),
        (Capture(never_paths=("/a.b+c(d)",)), ["x/aXb+c(d)", "x/a.bb"], ["x/a.b+c(d)"]),
        (Capture(only_sites=("a.example",), never_paths=("/x",)), ["a.example/"], ["a.example/x", "b.example/"]),
        (Capture(never_sites=("b.example",), never_paths=("/x",)), ["a.example/"], ["a.example/x", "b.example/y"]),
    ],
)  # fmt: skip
def test_where_something_is_captured(capture, taken, left_out):
    def takes(place):
        site, slash, path = place.partition("/")
        return capture.takes(site, slash + path)

    assert {place: takes(place) for place in taken} == dict.fromkeys(taken, True)
    assert {place: takes(place) for place in left_out} == dict.fromkeys(left_out, False)


@pytest.mark.parametrize("pattern", ["/*a*", "/" + "*/" * 20 + "b", "/a" * 99, "/" + "a*/" * 60])
def test_no_pattern_takes_long(pattern):
    """At most one star in each step: otherwise somebody's pattern and path would keep the collector busy."""
    try:
        capture = Capture(never_paths=paths(pattern))
    except BadPattern:
        return
    for path in ("/" + "a" * 100_000, "/" * 100_000, "/a" * 50_000, "/" + "a/" * 50_000 + "!"):
        capture.takes("x", path)


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (sites, "https://shop.example", "“https://shop.example” is not a site"),
        (sites, "shop.example/a", "is not a site"),
        (sites, "*", "is not a site"),
        (sites, "a b", "is not a site"),
        (paths, "admin", "“admin” is not a path"),
        (paths, "/a**", "is not a path"),
        (paths, "/*a*", "is not a path"),
        (paths, "/a?b=1", "is not a path"),
        (paths, "/" + "a" * LONGEST_PATTERN, "is longer than"),
        (paths, "\n".join(f"/{n}" for n in range(MOST_PATTERNS + 1)), "At most 50 lines; these are 51."),
    ],
)
def test_what_is_no_pattern_is_said(read, text, said):
    with pytest.raises(BadPattern, match=re.escape(said)):
        read(text)


def test_patterns_are_lines():
    assert sites(" Shop.example \r\n\n*.b.example\nshop.example") == ("shop.example", "*.b.example")


# --- The page -------------------------------------------------------------------------------------------------------
@pytest.fixture
def environment(db):
    return EnvironmentFactory()


@pytest.fixture
def url(environment):
    return reverse("projects:environment_capture", args=[environment.app_id])


@pytest.fixture
def ada(client, environment):
    membership = MembershipFactory(account=environment.project.account)
    client.force_login(membership.user)
    return membership


def captured(environment):
    environment.refresh_from_db()
    return Capture.from_json(environment.capture)


def form_of(response):
    """What the browser would send: all lines as they are, no box ticked."""
    found = next(form.data for form in forms_of(response) if "initial-only_sites" in form.data)
    return found | {name: found[f"initial-{name}"] for name in CaptureForm.PLACES}


def test_what_is_saved_is_shown_and_told_in_the_activity(client, environment, url, ada):
    data = form_of(client.get(url)) | {"without_query": "on", "obeys_gpc": "on", "never_paths": "/admin/*\r\n/me"}

    response = client.post(url, data, follow=True)

    assert captured(environment) == Capture(without_query=True, obeys_gpc=True, never_paths=("/admin/*", "/me"))
    assert form_of(response)["never_paths"] == "/admin/*\n/me"
    assert "It holds from now on" in response.content.decode()
    details = Activity.objects.get(verb="environment.capture").details
    assert details == {"capture": [{}, {"without_query": True, "obeys_gpc": True, "never_paths": ["/admin/*", "/me"]}]}


def test_what_is_wrong_is_said_at_the_field_and_nothing_is_saved(client, environment, url, ada):
    response = client.post(url, form_of(client.get(url)) | {"only_sites": "https://shop.example/"})

    assert response.status_code == 422
    assert "“https://shop.example/” is not a site" in response.content.decode()
    assert captured(environment) == Capture()


def test_what_another_tab_saved_meanwhile_stays(client, environment, url, ada):
    shown = form_of(client.get(url))
    client.post(url, shown | {"without_text": "on"})

    client.post(url, shown | {"obeys_dnt": "on"})

    assert captured(environment) == Capture(without_text=True, obeys_dnt=True)


def test_read_only_people_see_it(client, environment, url, ada):
    actions.change_capture(environment=environment, by=ada.user, only_sites=("shop.example",))
    reader = MembershipFactory(account=environment.project.account, read_only=True)
    client.force_login(reader.user)

    page = client.get(url).content.decode()

    assert "shop.example" in page and '<fieldset class="capture__fields" disabled>' in page
    assert client.post(url, {"without_query": "on"}).status_code == 403


def test_a_new_environment_leaves_out_what_its_source_does(environment, ada):
    actions.change_capture(environment=environment, by=ada.user, without_query=True)

    added = actions.add_environment(project=environment.project, name="Staging", source=environment, by=ada.user)

    assert captured(Environment.objects.get(pk=added.environment.pk)) == Capture(without_query=True)


def test_nothing_but_an_object_is_kept(environment):
    for value in (None, [], "x", 1):
        environment.capture = value
        with pytest.raises(IntegrityError), transaction.atomic():
            environment.save()
