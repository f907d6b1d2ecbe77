"""What making a login does by itself."""

import pytest

from accounts.models import User

pytestmark = pytest.mark.django_db


def test_create_user_lower_cases_and_vouches_for_the_address():
    user = User.objects.create_user(" Ada@Shop.Example ", "x")

    assert user.email == "ada@shop.example"
    assert user.emailaddress_set.get().verified
