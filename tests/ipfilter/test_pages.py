"""The Excluded IPs tab, as the test client sees it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIPList, KeptOut
from ipfilter.rules.lists import MAX_LINE_LENGTH, MAX_RULES
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.ipfilter.factories import make_scope, rule_of, save

pytestmark = pytest.mark.django_db


def signed_in(scope, address="203.0.113.9", **fields):
    """A browser at `address` of somebody of the scope's account."""
    client = Client(REMOTE_ADDR=address)
    member = MembershipFactory(account=scope.account, **fields) if fields else scope.account.memberships.earliest("pk")
    client.force_login(member.user)
    return client


def text_of(response):
    """The page's words, without tags and with single spaces."""
    return " ".join(re.sub(r"<[^>]+>", "", response.content.decode()).split())


def post(client, scope, text, **fields):
    version = scope.saved_list().version
    return client.post(scope.url, {"text": text, "version": version, **fields})


def preview(client, scope, text, **fields):
    return client.post(scope.preview_url, {"text": text, "version": scope.saved_list().version, **fields})


@pytest.mark.parametrize("own", [False, True])
def test_a_list_is_saved_and_shown_as_typed(own):
    scope = make_scope(own)
    client = signed_in(scope)
    typed = "# Büro\r\n10.1.*   # Paris\r\n\r\n  2001:db8::/32,10.2.3.4\r\n"

    response = client.post(scope.url, {"text": typed, "version": "0"}, follow=True)

    assert "Saved: 3 rules added, 0 removed." in text_of(response)
    assert response.context["form"]["text"].value() == typed.replace("\r\n", "\n")
    assert [rule.source for rule in scope.rules()] == ["10.1.*", "2001:db8::/32", "10.2.3.4"]


def test_a_bad_line_is_named_the_text_stays_and_nothing_is_saved():
    scope = make_scope()
    save(scope, "10.1.*")
    client = signed_in(scope)

    response = post(client, scope, "10.2.*\nexample.com # a name\n10.1.2")

    words = text_of(response)
    assert "Line 2 : example.com is a name" in words or "Line 2: example.com is a name" in words
    assert "write 10.1.2.* to exclude the whole range" in words
    assert response.context["form"]["text"].value() == "10.2.*\nexample.com # a name\n10.1.2"
    assert [rule.source for rule in scope.rules()] == ["10.1.*"]


def test_lines_are_counted_and_not_what_is_wrong_in_them():
    scope = make_scope()

    response = post(signed_in(scope), scope, "10.1, 10.2, 10.3\n10.1.*")

    assert "One line is not understood, so nothing is saved." in text_of(response)


def test_suggestions_are_put_in_where_asked_for_and_not_saved():
    scope = make_scope()

    response = preview(signed_in(scope), scope, "10.1.2, 10.1.25 # two\r\n1.2.3.4:80\r\nhost", suggestions="1")

    assert response.context["form"]["text"].value() == "10.1.2.*, 10.1.25.* # two\n1.2.3.4\nhost"
    assert not scope.rules()


def test_a_preview_says_what_would_change_and_saves_nothing():
    scope = make_scope()
    save(scope, "10.1.*\n10.2.*")

    response = preview(signed_in(scope), scope, "10.2.*\n203.0.113.0/24\n10.2.9.9")

    words = text_of(response)
    assert "2 added 203.0.113.0/24, 10.2.9.9" in words
    assert "1 removed 10.1.*" in words
    assert "3 rules, 65,792 IPv4 addresses, yours among them." in words
    assert "10.2.9.9 is already covered by 10.2.* in line 1" in words
    assert "Your address is 203.0.113.9: kept out by 203.0.113.0/24." in words
    assert [rule.source for rule in scope.rules()] == ["10.1.*", "10.2.*"]


def test_htmx_gets_the_preview_alone():
    scope = make_scope()

    response = signed_in(scope).post(
        scope.preview_url, {"text": "10.1.*", "version": "0"}, headers={"hx-request": "true"}
    )

    assert response.content.decode().lstrip().startswith('<div class="excluded__preview')
    assert "HX-Request" in response["vary"]


def test_rules_against_everybody_are_saved_once_the_box_is_ticked():
    scope = make_scope()
    client = signed_in(scope)

    refused = post(client, scope, "0.0.0.0/0")
    assert "everybody" in refused.context["form"].errors
    assert not scope.rules()

    post(client, scope, "0.0.0.0/0", everybody="on")
    assert scope.rules().count() == 1


def test_rules_against_everybody_are_told_while_another_line_is_wrong():
    scope = make_scope()

    looked, saved = (way(signed_in(scope), scope, "10.1.2\n*") for way in (preview, post))

    for response in (looked, saved):
        assert "10.1.2 has only three parts" in text_of(response)
        assert "keep out every visitor" in text_of(response)
    assert not scope.rules().exists()


def test_who_blocks_everybody_together_with_another_list_is_asked_and_told_which():
    scope = make_scope(own=True)
    save(ListScope(scope.account), "128.0.0.0/1")
    client = signed_in(scope)

    previewed = preview(client, scope, "0.0.0.0/1")
    refused = post(client, scope, "0.0.0.0/1")
    saved = post(client, scope, "0.0.0.0/1", everybody="on")

    assert "Together with the list of the whole account, these rules keep out every visitor" in text_of(previewed)
    assert "everybody" in refused.context["form"].errors
    assert saved.status_code == 302


def test_somebody_elses_save_is_not_overwritten_unseen():
    scope = make_scope()
    client = signed_in(scope)
    other = MembershipFactory(account=scope.account, user__name="Grace").user
    save(scope, "10.9.*", by=other)

    response = client.post(scope.url, {"text": "10.1.*", "version": "0"})

    words = text_of(response)
    assert "Nothing is saved yet: Grace has saved this list since you opened it." in words
    assert "1 added 10.1.*" in words and "1 removed 10.9.*" in words
    assert [rule.source for rule in scope.rules()] == ["10.9.*"]

    again = client.post(scope.url, {"text": "10.1.*", "version": str(response.context["form"]["version"].value())})
    assert again.status_code == 302
    assert [rule.source for rule in scope.rules()] == ["10.1.*"]


@pytest.mark.parametrize(
    ("address", "added"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2606:4700:1:2::7", "2606:4700:1:2::7"),
        ("2606:4700:1:2::7", "2606:4700:1:2::/64"),
    ],
)
def test_ones_own_address_is_added_with_a_note_and_not_saved_yet(address, added):
    scope = make_scope()
    client = signed_in(scope, address)
    name = scope.account.memberships.get().user.name

    response = preview(client, scope, "10.1.*\r\n", add=added)

    text = response.context["form"]["text"].value()
    assert text.startswith(f"10.1.*\n{added} # {name}, ")
    assert response.context["preview"].yours.source == added
    assert not scope.rules()


def test_nothing_but_ones_own_address_is_added_by_the_button():
    scope = make_scope()

    response = preview(signed_in(scope), scope, "10.1.*", add="0.0.0.0/0")

    assert response.context["form"]["text"].value() == "10.1.*"


def test_a_visitor_who_is_kept_out_over_one_version_hears_of_the_other():
    scope = make_scope()
    client = signed_in(scope)

    save(scope, "203.0.113.9")
    assert "no rule here is about IPv6" in text_of(client.get(scope.url))

    save(scope, "203.0.113.9\n2001:db8::/32")
    assert "no rule here is about IPv6" not in text_of(client.get(scope.url))


def test_a_private_address_comes_with_a_word_about_proxies():
    scope = make_scope()

    assert "TRUSTED_PROXIES" in text_of(signed_in(scope, "10.0.0.1").get(scope.url))
    assert "TRUSTED_PROXIES" not in text_of(signed_in(scope, "8.8.8.8").get(scope.url))


def test_an_address_is_tested_against_all_lists_of_the_account():
    own = make_scope(own=True)
    everywhere, other = ListScope(own.account), make_scope()
    for scope in (everywhere, other):
        save(scope, "10.1.* # office")
    save(own, "10.1.2.0/24")

    words = text_of(signed_in(everywhere).get(everywhere.url, {"address": "::ffff:10.1.2.3"}))

    assert "10.1.2.3 is kept out:" in words
    assert "by 10.1.* (office) of the list for all projects and environments" in words
    assert f"by 10.1.2.0/24 of the list for {own}" in words
    assert words.count("(office)") == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("10.9.9.9", "10.9.9.9 is let in"),
        ("example.com", "example.com is a name"),
        ("10.1.*", "10.1.* is more than one address"),
    ],
)
def test_testing_says_what_it_found(address, words):
    scope = make_scope()
    save(scope, "10.1.*")

    response = signed_in(scope).get(scope.url, {"address": address}, headers={"hx-request": "true"})

    assert words in text_of(response)
    assert b"<html" not in response.content


def test_each_rule_and_environment_says_what_was_kept_out():
    scope = make_scope()
    save(scope, "10.1.*\n10.2.*")
    environment = scope.account.projects.get().environments.get()
    now = timezone.now()
    for source, days_ago, count in (("10.2.*", 0, 1_200), ("10.2.*", 3, 34), ("10.1.*", 400, 5)):
        KeptOut.objects.create(
            rule=rule_of(scope, source),
            environment=environment,
            day=(now - timedelta(days=days_ago)).date(),
            count=count,
            last_at=now - timedelta(days=days_ago),
        )

    response = signed_in(scope).get(scope.url, {"order": "most"})

    lines = response.context["rule_lines"]
    assert [(line.rule.source, line.total, line.last_at, line.daily.total) for line in lines] == [
        ("10.2.*", 1_234, now, 1_234),
        ("10.1.*", 5, now - timedelta(days=400), 0),
    ]
    (line,) = response.context["environment_lines"]
    assert (line.total, line.daily.counts[-1], line.daily.counts[-4]) == (1_239, 1_200, 34)
    assert "1,234 in 30 days, 1,200 of them today, at most 1,200 a day" in text_of(response)


def test_an_environments_page_counts_its_own_list_alone():
    own = make_scope(own=True)
    everywhere = ListScope(own.account)
    save(own, "10.1.*")
    save(everywhere, "10.2.*\n10.3.*")

    response = signed_in(own).get(own.url)

    assert [line.rule.source for line in response.context["rule_lines"]] == ["10.1.*"]
    assert "holds here: 2 rules" in text_of(response)


def test_the_scope_switch_leads_to_every_list_of_the_account():
    own = make_scope(own=True)
    save(own, "10.1.*")
    foreign = EnvironmentFactory(project__name="Foreign")

    response = signed_in(own).get(ListScope(own.account).url)

    assert f'href="{own.url}"'.encode() in response.content
    assert f'href="{ListScope.of(foreign).url}"'.encode() not in response.content


def test_the_history_tells_who_changed_what_in_this_list():
    own = make_scope(own=True)
    save(own, "10.1.*")
    save(own, "10.2.*")
    save(ListScope(own.account), "10.3.*")

    rows = signed_in(own).get(own.url).context["history"]
    everywhere = signed_in(own).get(ListScope(own.account).url).context["history"]

    assert [(row.details.get("added"), row.details.get("removed")) for row in rows] == [
        ("10.2.*", "10.1.*"),
        ("10.1.*", None),
    ]
    assert [row.details["added"] for row in everywhere] == ["10.3.*"]


def test_read_only_people_see_everything_and_have_nothing_to_press():
    scope = make_scope()
    save(scope, "10.1.* # Paris")
    reader = signed_in(scope, read_only=True)

    response = reader.get(scope.url)

    words = text_of(response)
    assert "You can look but not change." in words
    assert "10.1.* # Paris" in words and "1 rule, 65,536 IPv4 addresses." in words
    assert b"<textarea" not in response.content.split(b'class="talk')[0]
    assert b'type="submit" name="add"' not in response.content
    assert post(reader, scope, "").status_code == 403
    assert preview(reader, scope, "").status_code == 403
    assert scope.rules().count() == 1


def test_a_long_list_is_shown_in_pages_with_few_queries(django_assert_max_num_queries):
    scope = make_scope()
    save(scope, "\n".join(f"10.{n // 250}.{n % 250}.1" for n in range(2_000)))
    client = signed_in(scope)
    client.get(scope.url)

    with django_assert_max_num_queries(25):
        response = client.get(scope.url, {"page": "40"})

    assert len(response.context["rule_lines"]) == 50
    assert "Rules 1,951 to 2,000 of 2,000" in text_of(response)


@pytest.mark.parametrize("query", ["?page=x&order=y", "?page=-1", "?page=99999999999999999999&order=last"])
def test_odd_queries_show_the_page(query):
    scope = make_scope()
    save(scope, "10.1.*")

    assert signed_in(scope).get(f"{scope.url}{query}").status_code == 200


@pytest.mark.parametrize("version", ["", "x", "99", "-1", "9" * 30])
def test_a_version_that_was_never_there_saves_nothing(version):
    scope = make_scope()
    save(scope, "10.1.*")

    response = signed_in(scope).post(scope.url, {"text": "", "version": version})

    assert response.status_code == 200
    assert scope.rules().count() == 1


def test_a_saved_text_that_is_not_understood_any_more_is_shown_all_the_same():
    scope = make_scope()
    save(scope, "10.1.*")
    ExcludedIPList.objects.update(text="what an older release understood")

    response = signed_in(scope).get(scope.url)

    assert response.context["form"]["text"].value() == "what an older release understood"


def test_notes_are_escaped():
    scope = make_scope()
    save(scope, "10.1.* # <script>alert(1)</script>")

    response = signed_in(scope).get(scope.url, {"address": "10.1.1.1"})

    assert b"<script>alert" not in response.content


def test_an_environment_that_is_being_deleted_is_offered_nowhere():
    own = make_scope(own=True)
    save(own, "10.1.*")
    everywhere = ListScope(own.account)
    save(everywhere, "10.2.*")
    own.environment.deleting_at = timezone.now()
    own.environment.save(update_fields=["deleting_at"])

    response = signed_in(everywhere).get(everywhere.url, {"address": "10.1.2.3"})

    assert own.url.encode() not in response.content
    assert response.context["environment_lines"] == []
    assert "10.1.2.3 is let in" in text_of(response)


def test_the_accounts_list_takes_as_many_queries_for_ten_projects_as_for_one():
    scope = make_scope()
    client = signed_in(scope)
    EnvironmentFactory(project__account=scope.account)
    client.get(scope.url)
    before = queries_of(client, scope.url)
    for _ in range(9):
        EnvironmentFactory(project__account=scope.account)

    assert queries_of(client, scope.url) == before


def test_the_longest_list_there_can_be_is_saved_and_shown():
    scope = make_scope()
    client = signed_in(scope)
    lines = [f"10.{n // 250}.{n % 250}.1 # " for n in range(MAX_RULES)]
    text = "\r\n".join(line + "x" * (MAX_LINE_LENGTH - len(line)) for line in lines)

    response = client.post(scope.url, {"text": text, "version": "0"}, follow=True)

    assert "Saved: 10,000 rules added, 0 removed." in text_of(response)
    assert scope.rules().count() == MAX_RULES
