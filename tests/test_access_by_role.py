"""Every URL × {anonymous, a stranger who is admin elsewhere, staff who are no members, read-only, full, by project}.

Two complete accounts are in the database (tests/world.py). A URL that is in none of TABLE, PERSONAL and PUBLIC fails,
so a new page must say in tests/access_table.py who gets in. A URL that takes a POST has a row in WRITES too: with it
every role is tried, the other account's ids are tried in every field, and the account's activity must tell what was
done.
"""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Activity
from accounts.policy import READ_ONLY
from tests.access_table import (
    LOGIN,
    PERSONAL,
    PUBLIC,
    REFUSED_TO_READ_ONLY,
    ROLES,
    TABLE,
    WRITES,
    outcome,
    post,
)
from tests.world import PARAMS, make_world, resolve_view

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_every_url_is_in_the_table():
    assert set(PARAMS) == set(TABLE) | PERSONAL | PUBLIC


@pytest.mark.parametrize("name", TABLE)
def test_each_role_gets_what_the_table_says(world, name):
    method, *expected = TABLE[name]

    answers = [outcome(getattr(world.client(role), method)(world.url(name))) for role in ROLES]

    assert answers == expected


@pytest.mark.parametrize("name", TABLE)
def test_a_url_that_takes_a_post_has_a_row(world, name):
    with transaction.atomic():
        status = world.client("full").post(world.url(name)).status_code
        transaction.set_rollback(True)

    assert (status != 405) == (name in WRITES)


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_write_what_the_table_says(world, name, role):
    write = WRITES[name]
    expected = dict(zip(ROLES, (LOGIN, 404, 404, write.read_only, write.full), strict=True))

    assert outcome(post(world, role, name)) == expected[role]


@pytest.mark.parametrize("name", TABLE)
def test_every_view_goes_through_the_door(name):
    assert hasattr(resolve_view(name), "needs"), f"{name} is not wrapped by a door decorator"


@pytest.mark.parametrize("name", sorted(PERSONAL))
def test_personal_pages_ask_to_sign_in(world, name):
    url = reverse(name, kwargs=dict.fromkeys(PARAMS[name], 1))

    assert outcome(Client().get(url)) == LOGIN


@pytest.mark.parametrize(("name", "param"), [(name, param) for name in TABLE for param in sorted(PARAMS[name])])
def test_an_id_of_another_account_is_404(world, name, param):
    foreign = world.theirs.ids[param]
    method = "post" if name in WRITES else "get"
    body = WRITES[name].body(world) if name in WRITES else {}

    response = getattr(world.client("full"), method)(world.url(name, **{param: foreign}), body)

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("name", "field"), [(name, field) for name, write in WRITES.items() for field in write.foreign]
)
def test_an_id_of_another_account_in_a_form_field_is_refused(world, name, field):
    body = WRITES[name].body(world) | {field: WRITES[name].body(world.theirs)[field]}

    response = world.client("full").post(world.url(name), body)

    assert response.status_code in (200, 404, 422)
    assert not Activity.objects.filter(verb=WRITES[name].verb).exists()


def test_read_only_has_no_right_to_change_anything():
    assert {str(right) for right in READ_ONLY} == {"view", "leave"}


@pytest.mark.parametrize("name", REFUSED_TO_READ_ONLY)
def test_a_teammate_of_both_accounts_keeps_them_apart(world, name):
    """Full access to one account gives nothing in another one where the same person is read-only."""
    membership = world.theirs.account.memberships.get(user=world.theirs.users["read_only"])
    membership.user = world.users["full"]
    membership.save(update_fields=["user"])

    response = world.client("full").post(
        reverse(name, kwargs={key: world.theirs.ids[key] for key in PARAMS[name]}), WRITES[name].body(world.theirs)
    )

    assert response.status_code == 403
