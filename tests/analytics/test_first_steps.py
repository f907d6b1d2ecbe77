"""The first steps on the dashboard: there after the first event, ticked by what exists, gone when done or put away."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Membership, WhoMayInvite
from tests.accounts.factories import InvitationFactory
from tests.analytics.kept import make_definition, make_report
from tests.analytics.rows import add_event
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory


@pytest.fixture
def url(environment):
    return reverse("analytics:dashboard", args=[environment.app_id])


def steps(client, url) -> dict[str, bool] | None:
    """Whether each is done, by its title; None without a list."""
    page = client.get(url).content.decode()
    part = re.search(r'<section class="card first-steps".*?</section>', page, re.DOTALL)
    lines = re.findall(r"<li.*?</li>", part[0], re.DOTALL) if part else None
    return lines and {re.search(r"<a[^>]*>(.*?)</a>", line)[1]: "Done: " in line for line in lines}


def done(client, url) -> list[str]:
    return [title for title, is_done in (steps(client, url) or {}).items() if is_done]


def test_each_is_ticked_by_what_exists_and_all_are_gone_when_all_is_done(environment, full, url):
    assert steps(full, url) is None  # nothing has come yet
    add_event(environment)
    assert steps(full, url) == dict.fromkeys(
        ["Define an event", "Ask a question", "Save a report", "Invite teammates"], False
    )

    make_definition(environment)
    assert done(full, url) == ["Define an event"]
    full.get(reverse("analytics:graph", args=[environment.app_id]))  # opens with an answer, but nobody asked
    assert done(full, url) == ["Define an event"]
    full.get(reverse("analytics:graph", args=[environment.app_id]), {"event": "builtin:any"})
    assert done(full, url) == ["Define an event", "Ask a question"]
    make_report(environment)
    assert done(full, url) == ["Define an event", "Ask a question", "Save a report"]

    InvitationFactory(account=environment.project.account)

    assert steps(full, url) is None


def test_what_others_have_and_other_environments_ticks_nothing(environment, full, url):
    add_event(environment)
    other = EnvironmentFactory(project=environment.project, name="Staging", is_production=False)
    make_definition(other)
    make_report(EnvironmentFactory())
    InvitationFactory()
    stranger = MembershipFactory()

    assert done(full, url) == []
    assert not done(full, reverse("analytics:dashboard", args=[other.app_id]))
    assert stranger.first_asked_at is None


def test_put_away_they_stay_away_for_this_person_alone(environment, full, url):
    add_event(environment)
    colleague = MembershipFactory(account=environment.project.account)
    theirs = Client()
    theirs.force_login(colleague.user)

    full.post(reverse("analytics:first_steps_hide", args=[environment.app_id]))

    assert steps(full, url) is None
    assert steps(theirs, url)["Invite teammates"]  # they are two


def test_only_what_the_person_may_do(environment, full, read_only, url):
    add_event(environment)
    account = environment.project.account
    account.who_may_invite = WhoMayInvite.NOBODY
    account.save(update_fields=["who_may_invite"])

    assert "Invite teammates" not in steps(full, url)
    assert steps(read_only, url) is None


def test_they_cost_one_query_and_a_question_notes_its_asker_once(environment, full, url):
    add_event(environment)
    full.get(url)  # the session notes where it is
    shown = queries_of(full, url)
    graph = reverse("analytics:graph", args=[environment.app_id]) + "?event=builtin:any"
    first, second = queries_of(full, graph), queries_of(full, graph)
    Membership.objects.update(first_steps_hidden_at="2026-01-01T00:00Z")

    assert queries_of(full, url) == shown - 1
    assert first > second == queries_of(full, graph)
