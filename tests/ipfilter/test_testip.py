"""manage.py testip"""

import pytest
from django.core.management import CommandError, call_command

from ipfilter.list_scope import ListScope
from tests.ipfilter.factories import make_scope, save

pytestmark = pytest.mark.django_db


def run(capsys, address, app_id):
    call_command("testip", address, environment=app_id)
    return capsys.readouterr().out


@pytest.fixture
def own():
    scope = make_scope(own=True)
    save(scope, "10.1.2.* # office")
    save(ListScope(scope.account), "10.1.*")
    return scope


def test_it_names_every_rule_that_keeps_the_address_out(capsys, own):
    out = run(capsys, "::ffff:10.1.2.3", own.environment.app_id)

    assert out.startswith(f"10.1.2.3 is kept out of {own.account} › {own}:\n  10.1.* in the list for all projects")
    assert f"  10.1.2.* (office) in the list for {own}, added 20" in out


def test_it_says_that_an_address_is_let_in(capsys, own):
    save(make_scope(), "10.9.*")

    assert run(capsys, "10.9.9.9", own.environment.app_id).startswith("10.9.9.9 is let in: ")


@pytest.mark.parametrize(
    ("address", "words"), [("10.1", "10.1 has only two parts"), ("10.1.*", "more than one address")]
)
def test_it_refuses_what_is_no_address(capsys, own, address, words):
    with pytest.raises(CommandError, match=words):
        run(capsys, address, own.environment.app_id)


def test_it_refuses_an_unknown_environment(capsys):
    with pytest.raises(CommandError, match="no environment with the app_id 1"):
        run(capsys, "10.1.2.3", "1")
