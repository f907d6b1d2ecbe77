"""Every URL as somebody who has a shared link and its password: a stranger, but for what the link shows."""

import pytest
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.urls import reverse

from analytics.models import SharedLink
from analytics.shared_links.secret import secret_of
from tests.access_table import LOGIN, PERSONAL, TABLE, WRITES, outcome
from tests.analytics.factories import SharedLinkFactory
from tests.world import PARAMS, make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_a_shared_link_opens_nothing_but_what_it_shows(world):
    """Whoever has its address, and the cookie of its password, is a stranger on every other page."""
    ours = SharedLink.objects.select_related("environment").get(pk=world.ids["shared_link_id"])
    SharedLink.objects.filter(pk=ours.pk).update(password=make_password("correct horse"))
    link, address = Client(), reverse("analytics:shared", args=[world.ids["secret"]])
    assert link.post(address, {"password": "correct horse"}).status_code == 302
    assert [link.get(address).status_code, link.cookies["shared_link"]["path"]] == [200, address]

    asked = {
        name: outcome(getattr(link, TABLE[name][0])(world.url(name), headers={"Referer": address})) for name in TABLE
    }
    posted = {name: outcome(link.post(world.url(name), WRITES[name].body(world))) for name in WRITES}
    personal = {name: outcome(link.get(reverse(name, kwargs=dict.fromkeys(PARAMS[name], 1)))) for name in PERSONAL}

    assert set((asked | posted | personal).values()) == {LOGIN}
    same = {"environment": ours.environment, "noun": ours.noun, "lineage": ours.lineage}
    ids = world.ids | {"secret": secret_of(SharedLinkFactory(**same, password=make_password("staple battery")))}
    for name in ("shared", "shared_whole", "shared_tile"):  # with the cookie of the first one
        name = f"analytics:{name}"
        answer = link.get(reverse(name, kwargs={key: ids[key] for key in PARAMS[name]}))
        assert answer.status_code == 302 or "This page was shared with a password" in answer.content.decode()
