"""Access by project: what was chosen for whom, and that it holds everywhere from the next request on."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actions import invitations
from accounts.models import Access, Account, Activity, Invitation, Membership
from accounts.sso.models import IdentityProvider
from projects import roles
from projects.access import access_in, reached_projects, reaching_teammates
from projects.models import ProjectRole
from support.visits.models import Visit
from tests.accounts.factories import IdentityProviderFactory, SsoIdentityFactory, WayBackFactory
from tests.accounts.test_second_factor import with_app
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory, ProjectFactory, ProjectRoleFactory, UserFactory
from tests.world import make_invitation

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    """A project of an account that hides what is not chosen."""
    return EnvironmentFactory(project__name="Shop", project__account__roles_by_project="none").project


@pytest.fixture
def blog(shop):
    return EnvironmentFactory(project__account=shop.account, project__name="Blog").project


@pytest.fixture
def ada(shop):
    return MembershipFactory(account=shop.account)


@pytest.fixture
def grace(shop, ada):
    """Read-only in the account; in Shop she may change everything."""
    return ProjectRoleFactory(
        project=shop, membership__user__name="Grace", membership__user__email="grace@shop.example", access="full"
    ).membership


def browser_of(membership):
    client = Client()
    client.force_login(membership.user)
    return client


def page_of(holder):
    kind = "teammate" if isinstance(holder, Membership) else "invitation"
    return reverse(f"projects:{kind}_roles", args=[holder.account_id, holder.pk])


def chosen(project, now, before="none"):
    return {f"project-{project.pk}": now, f"initial-project-{project.pk}": before}


def dashboard(project):
    return reverse("analytics:dashboard", args=[project.environments.get().app_id])


@pytest.mark.parametrize(
    ("by_project", "role", "read_only", "full"),
    [
        ("off", None, "read_only", "full"),
        ("off", "", "read_only", "full"),
        ("off", "full", "read_only", "full"),
        ("read_only", None, "read_only", "full"),
        ("read_only", "", None, "full"),
        ("read_only", "full", "full", "full"),
        ("none", None, None, "full"),
        ("none", "", None, "full"),
        ("none", "read_only", "read_only", "full"),
        ("none", "full", "full", "full"),
    ],
)
def test_access_to_a_project(shop, by_project, role, read_only, full):
    shop.account.roles_by_project = by_project
    shop.account.save()
    people = [MembershipFactory(account=shop.account, read_only=each) for each in (True, False)]
    for each in people:
        if role is not None:
            ProjectRoleFactory(project=shop, membership=each, access=role)

    assert [access_in(each.user, shop) for each in people] == [read_only, full]
    assert [shop in reached_projects(each) for each in people] == [read_only is not None, True]
    assert [each in reaching_teammates(shop) for each in people] == [read_only is not None, True]


@pytest.mark.parametrize("ended", ["closed", "deleting", "switched off", "second factor", "left"])
def test_nobody_has_access_whom_the_door_does_not_let_in(shop, grace, ended):
    assert access_in(grace.user, shop) is Access.FULL
    if ended == "closed":
        shop.account.closed_at = timezone.now()
        shop.account.save()
    elif ended == "deleting":
        shop.deleting_at = timezone.now()
    elif ended == "switched off":
        grace.user.is_active = False
        grace.user.save()
        assert grace not in reaching_teammates(shop)
    elif ended == "second factor":
        shop.account.require_second_factor = True
        shop.account.save()
    else:
        grace.delete()

    assert access_in(grace.user, shop) is None
    assert access_in(UserFactory(), shop) is None


def test_where_single_sign_on_is_compulsory_who_could_not_sign_in_has_no_access(shop, ada, grace):
    provider = IdentityProviderFactory(account=shop.account, tested_at=timezone.now(), switched_on_at=timezone.now())
    Account.objects.filter(pk=shop.account_id).update(require_sso=True)
    bob = ProjectRoleFactory(project=shop, access="read_only").membership
    SsoIdentityFactory(provider=provider, user=bob.user)
    WayBackFactory(membership=ada)
    with_app(ada.user)

    assert [access_in(each.user, shop) for each in (ada, bob, grace)] == ["full", "read_only", None]

    IdentityProvider.objects.update(switched_on_at=None)
    assert [access_in(each.user, shop) for each in (ada, bob)] == ["full", None]


def test_a_change_holds_from_the_next_request_on(shop, blog, ada, grace):
    browser, rename = browser_of(grace), reverse("projects:environment_rename", args=[shop.environments.get().app_id])
    assert browser.get(rename).status_code == 200
    assert browser.get("/").url == dashboard(shop)
    assert "Shop" in browser.get(dashboard(shop)).content.decode()

    browser_of(ada).post(page_of(grace), chosen(shop, "read_only", "full") | chosen(blog, "read_only"))

    assert [browser.get(rename).status_code, browser.get(dashboard(shop)).status_code] == [403, 200]

    browser_of(ada).post(page_of(grace), chosen(shop, "none", "read_only"))

    assert browser.get(dashboard(shop)).status_code == 404
    assert browser.get(dashboard(shop), headers={"HX-Request": "true"}).status_code == 404
    assert browser.get("/").url == dashboard(blog)
    assert "Shop" not in browser.get(dashboard(blog)).content.decode()  # in the switcher

    browser_of(ada).post(page_of(grace), chosen(blog, "none", "read_only"))

    first = browser.get("/", follow=True)
    assert first.redirect_chain[-1][0] == reverse("projects:project_list", args=[shop.account_id])
    assert "nothing is chosen for you" in first.content.decode()
    done = Activity.objects.filter(verb="teammate.role").order_by("pk").values_list("target", "details__access")
    assert list(done)[-2:] == [("Shop: grace@shop.example", "no access"), ("Blog: grace@shop.example", "no access")]


def test_saving_leaves_what_somebody_else_chose_meanwhile(shop, blog, ada, grace):
    opened = chosen(shop, "full", "full") | chosen(blog, "read_only")  # Blog is changed, Shop is as it was shown
    roles.choose(holders=[grace], chosen={shop: ""}, by=ada.user)

    browser_of(ada).post(page_of(grace), opened)

    assert dict(grace.project_roles.values_list("project", "access")) == {shop.pk: "", blog.pk: "read_only"}


def test_only_projects_of_the_account_and_known_words_are_taken(shop, ada, grace):
    foreign = ProjectFactory()

    browser_of(ada).post(page_of(grace), chosen(foreign, "full"))
    answers = [browser_of(ada).post(page_of(grace), chosen(shop, odd, "full")) for odd in ("owner", "\0", "x" * 10_000)]

    assert [each.status_code for each in answers] == [422] * 3
    assert list(ProjectRole.objects.values_list("project", "access")) == [(shop.pk, "full")]


def test_full_access_to_the_account_is_full_in_every_project_whatever_was_chosen(shop, ada, grace):
    ProjectRoleFactory(project=shop, membership=ada, access="")

    assert browser_of(ada).get(dashboard(shop)).status_code == 200
    assert browser_of(ada).get(page_of(ada)).url == reverse("accounts:teammate_list", args=[shop.account_id])


def test_who_lost_full_access_chooses_nothing_any_more(shop, ada, grace):
    MembershipFactory(account=shop.account)
    Membership.objects.filter(pk=ada.pk).update(read_only=True)

    assert browser_of(ada).post(page_of(ada), chosen(shop, "full")).status_code == 403
    assert browser_of(grace).post(page_of(grace), chosen(shop, "full")).status_code == 403  # full in a project is not


def test_the_page_is_bounded_and_takes_the_same_queries_for_any_number(shop, blog, ada, grace):
    browser = browser_of(ada)
    browser.get(page_of(grace))  # notes that she was seen
    few = queries_of(browser, page_of(grace))
    for number in range(60):
        ProjectFactory(account=shop.account, name=f"Client {number:02}")
    shown = browser_of(ada).get(page_of(grace))

    assert queries_of(browser, page_of(grace)) == few
    assert shown.content.decode().count('role="radiogroup"') == 50
    assert "51 to 62 of 62" in browser_of(ada).get(page_of(grace), {"page": 2}).content.decode()
    assert "Client 59" in browser_of(ada).get(page_of(grace), {"q": "client 59\0"}).content.decode()


def test_an_invitation_brings_the_projects_that_were_chosen_for_it(shop, blog, ada):
    sent = {"emails": "ann@shop.example, bob@shop.example", "read_only": "on"} | chosen(shop, "full")
    browser_of(ada).post(reverse("accounts:invite", args=[shop.account_id]), sent)
    ann, bob = Invitation.objects.order_by("email")
    assert (
        browser_of(ada).post(page_of(bob), chosen(shop, "none", "full") | chosen(blog, "read_only")).status_code == 302
    )

    places = [invitations.accept(invitation=each, user=UserFactory(email=each.email)) for each in (ann, bob)]

    assert [[access_in(each.user, project) for project in (shop, blog)] for each in places] == [
        ["full", None],
        [None, "read_only"],
    ]
    told = Activity.objects.filter(verb="teammate.role").earliest("pk")
    assert (told.target, told.project_number) == ("Shop: ann@shop.example and 1 more", shop.pk)
    assert browser_of(ada).get(page_of(ann)).status_code == 404  # it is over


def test_an_invitation_changes_nothing_for_who_is_in_the_account_already(shop, ada, grace):
    invitation = make_invitation(shop.account, ada.user, email="grace@shop.example", read_only=True)
    roles.choose(holders=[invitation], chosen={shop: ""}, by=ada.user)

    invitations.accept(invitation=invitation, user=grace.user)

    assert access_in(grace.user, shop) is Access.FULL


def test_many_people_are_invited_to_many_projects_in_few_statements(shop, ada):
    for number in range(49):
        ProjectFactory(account=shop.account, name=f"Client {number:02}")
    people = [
        make_invitation(shop.account, ada.user, f"p{number}@shop.example", read_only=True) for number in range(40)
    ]
    wanted = dict.fromkeys(shop.account.projects.all(), "read_only")

    with CaptureQueriesContext(connection) as statements:
        roles.choose(holders=people, chosen=wanted, by=ada.user)

    assert len(statements) < 150 and ProjectRole.objects.count() == 2_000


def test_to_show_more_is_asked_first(shop, ada, grace):
    url = reverse("accounts:account_settings_save", args=[shop.account_id])
    kept = {"name": shop.account.name, "time_zone": "UTC", "who_may_invite": "full", "roles_by_project": "off"}
    before = {f"initial-{name}": value for name, value in (kept | {"roles_by_project": "none"}).items()}

    asked = browser_of(ada).post(url, kept | before)
    page = asked.content.decode()
    assert asked.status_code == 422 and "1 read-only teammate will see every project" in page
    assert 'name="sure_to_show"' in page and access_in(grace.user, shop) is Access.FULL
    assert 'name="sure_to_show"' not in browser_of(ada).get(url.removesuffix("save/")).content.decode()

    assert browser_of(ada).post(url, kept | before | {"sure_to_show": "on"}).status_code == 302
    assert access_in(grace.user, shop) is Access.READ_ONLY
    assert browser_of(ada).get(page_of(grace)).url == reverse("accounts:account_settings", args=[shop.account_id])

    hidden = kept | {"initial-roles_by_project": "off", "roles_by_project": "none"}
    assert browser_of(ada).post(url, hidden).status_code == 302  # hiding is not asked, and what was chosen holds again
    assert access_in(grace.user, shop) is Access.FULL


def test_support_looks_at_all_projects(shop, grace):
    visitor = MembershipFactory.build(account=shop.account, user=grace.user, read_only=True)
    visitor.visit = Visit()

    assert shop in reached_projects(visitor)


def test_a_person_with_full_access_to_a_project_gets_no_names_of_hidden_ones(shop, blog, grace):
    url = reverse("projects:environment_add", args=[shop.pk])
    hidden = blog.environments.get()
    taken = {"name": "Staging", "source": shop.environments.get().pk, "app_id": hidden.app_id}

    answer = browser_of(grace).post(url, taken)

    assert answer.status_code == 200 and "Blog" not in answer.content.decode()
