"""What people do, and what is refused to them, is in the account's activity: every row of the access table."""

import pytest

from accounts.models import Activity
from tests.test_access import REFUSED_TO_READ_ONLY, WRITES, is_of_a_project, post
from tests.world import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


@pytest.mark.parametrize("name", [name for name, write in WRITES.items() if not write.unrecorded])
def test_what_is_done_is_in_the_activity(world, name):
    write = WRITES[name]

    post(world, "full", name)

    row = Activity.objects.filter(account=world.account).latest("id")
    if is_of_a_project(name):
        assert row.project_number == world.ids["project_id"]
    assert (row.verb, row.by_email, row.address) == (write.verb, world.users["full"].email, "127.0.0.1")


@pytest.mark.parametrize("name", REFUSED_TO_READ_ONLY)
def test_what_is_refused_is_in_the_activity_and_changes_nothing(world, name):
    post(world, "read_only", name)

    row = Activity.objects.get(account=world.account)
    assert row.project_number == (world.ids["project_id"] if is_of_a_project(name) else None)
    assert (row.verb, row.by_email, row.target) == ("refused", world.users["read_only"].email, f"POST {name}")
