"""What breaks the constraints of the tables of projects."""

from projects.models import ProjectRole, Removal, new_app_id
from tests.constraints.rows import Breaks, again, change, each, without
from tests.factories import (
    AccountFactory,
    ApiKeyFactory,
    ApiTokenFactory,
    EnvironmentFactory,
    MembershipFactory,
    ProjectFactory,
    ProjectRoleFactory,
    UserFactory,
)
from tests.world import make_invitation


def used_elsewhere() -> str:
    """An app_id that an environment of another account had."""
    gone = EnvironmentFactory()
    gone.delete()
    return gone.app_id


def of_an_invitation() -> ProjectRole:
    role = ProjectRoleFactory()
    invitation = make_invitation(role.project.account, UserFactory())
    return ProjectRoleFactory(project=role.project, membership=None, invitation=invitation)


BREAKS: Breaks = {
    "project_name_once_per_account": lambda: again(ProjectFactory(name="Shop"), name="SHOP"),
    "project_has_a_name": lambda: ProjectFactory(name=""),
    "project_week_starts_on_a_day": each(lambda day: ProjectFactory(week_starts_on=day), 0, 8),
    "projects_project_week_starts_on_check": without(
        "project_week_starts_on_a_day", lambda: ProjectFactory(week_starts_on=-1)
    ),
    "project_months_kept": each(lambda months: ProjectFactory(months_kept=months), 0, 121),
    "projects_project_months_kept_check": without("project_months_kept", lambda: ProjectFactory(months_kept=-1)),
    "environment_name_once_per_project": lambda: again(
        EnvironmentFactory(name="Staging", is_production=False), name="STAGING", app_id=new_app_id()
    ),
    "environment_one_production": lambda: again(EnvironmentFactory(), name="Another", app_id=new_app_id()),
    "environment_has_a_name": lambda: EnvironmentFactory(name=""),
    "environment_app_id_up_to_ten_digits": each(
        lambda app_id: EnvironmentFactory(app_id=app_id), "0123456789", "0", "12345678a0", "12 34", "١٢٣", ""
    ),
    "app_id_stays_with_its_account: insert projects_environment": lambda: EnvironmentFactory(app_id=used_elsewhere()),
    "app_id_stays_with_its_account: update projects_environment": lambda: change(
        EnvironmentFactory(), app_id=used_elsewhere()
    ),
    "environment_capture_is_an_object": each(lambda value: EnvironmentFactory(capture=value), [], "x", 1),
    "environment_months_kept": each(lambda months: EnvironmentFactory(months_kept=months), 0, 121),
    "projects_environment_months_kept_check": without(
        "environment_months_kept", lambda: EnvironmentFactory(months_kept=-1)
    ),
    "projects_environment_app_id_key": lambda: again(EnvironmentFactory(is_production=False), name="Another"),
    "apikey_name_once_per_project": lambda: again(ApiKeyFactory(name="Nightly"), name="NIGHTLY", digest="0" * 64),
    "apikey_has_a_name": lambda: ApiKeyFactory(name=""),
    "apikey_digest_is_sha256": each(
        lambda digest: ApiKeyFactory(digest=digest), "", "hak_secret-0001", "A" * 64, "0" * 63
    ),
    "projects_apikey_digest_key": lambda: again(ApiKeyFactory(), name="Another"),
    "apikey_ending_four_characters": each(lambda ending: ApiKeyFactory(ending=ending), "", "abc"),
    "apikey_revoked_by_with_a_time": lambda: ApiKeyFactory(revoked_by=UserFactory()),
    "projectrole_once_per_teammate": lambda: again(ProjectRoleFactory(), access="full"),
    "projectrole_once_per_invitation": lambda: again(of_an_invitation()),
    "projectrole_of_a_teammate_or_an_invitation": [
        lambda: ProjectRoleFactory(membership=None),
        lambda: change(of_an_invitation(), membership=MembershipFactory()),
    ],
    "projectrole_stays_in_its_account: insert projects_projectrole": [
        lambda: ProjectRoleFactory(membership=MembershipFactory(read_only=True)),
        lambda: ProjectRoleFactory(membership=None, invitation=make_invitation(AccountFactory(), UserFactory())),
    ],
    "projectrole_stays_in_its_account: update projects_projectrole": [
        lambda: change(ProjectRoleFactory(), project=ProjectFactory()),
        lambda: change(ProjectRoleFactory(), membership=MembershipFactory()),
    ],
    "projectrole_access_is_known": lambda: ProjectRoleFactory(access="some"),
    "apitoken_stays_in_its_account: insert projects_apitoken": lambda: ApiTokenFactory(membership=MembershipFactory()),
    "apitoken_stays_in_its_account: update projects_apitoken": [
        lambda: change(ApiTokenFactory(), membership=MembershipFactory()),
        lambda: change(ApiTokenFactory(), project=ProjectFactory()),
    ],
    "apitoken_name_once_per_project": lambda: again(ApiTokenFactory(name="Weekly"), name="WEEKLY", digest="0" * 64),
    "apitoken_has_a_name": lambda: ApiTokenFactory(name=""),
    "apitoken_scopes_known": each(lambda scopes: ApiTokenFactory(scopes=scopes), [], ["everything"], ["queries", ""]),
    "apitoken_digest_is_sha256": each(lambda digest: ApiTokenFactory(digest=digest), "", "A" * 64, "0" * 63),
    "projects_apitoken_digest_key": lambda: again(ApiTokenFactory(), name="Another"),
    "apitoken_ending_four_characters": each(lambda ending: ApiTokenFactory(ending=ending), "", "abc"),
    "apitoken_revoked_by_with_a_time": lambda: ApiTokenFactory(revoked_by=UserFactory()),
    "projects_removal_expected_check": lambda: Removal.objects.create(
        account=AccountFactory(), name="Shop", scope={}, expected=-1
    ),
}
