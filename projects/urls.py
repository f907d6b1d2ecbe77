"""URLs of projects, environments, API keys, API tokens and the install page."""

from django.urls import path

from projects import first_login_page, roles_page, views
from projects.api_tokens import views as tokens

app_name = "projects"
urlpatterns = [
    path("", views.home, name="home"),
    path("first-login/<str:secret>/", first_login_page.first_login, name="first_login"),
    path("account/<int:account_id>/projects/", views.project_list, name="project_list"),
    path("account/<int:account_id>/projects/create/", views.project_create, name="project_create"),
    path("account/<int:account_id>/projects/removals/", views.removals, name="removals"),
    path(
        "account/<int:account_id>/teammates/<int:membership_id>/projects/",
        roles_page.teammate_roles,
        name="teammate_roles",
    ),
    path(
        "account/<int:account_id>/invitations/<int:invitation_id>/projects/",
        roles_page.invitation_roles,
        name="invitation_roles",
    ),
    path("projects/<int:project_id>/edit/", views.project_edit, name="project_edit"),
    path("projects/<int:project_id>/delete/", views.project_delete, name="project_delete"),
    path("projects/<int:project_id>/api-keys/", views.api_key_list, name="api_key_list"),
    path("projects/<int:project_id>/api-keys/create/", views.api_key_create, name="api_key_create"),
    path("projects/<int:project_id>/api-keys/<int:api_key_id>/revoke/", views.api_key_revoke, name="api_key_revoke"),
    path("projects/<int:project_id>/api-tokens/", tokens.api_token_list, name="api_token_list"),
    path("projects/<int:project_id>/api-tokens/create/", tokens.api_token_create, name="api_token_create"),
    path(
        "projects/<int:project_id>/api-tokens/<int:api_token_id>/revoke/",
        tokens.api_token_revoke,
        name="api_token_revoke",
    ),
    path("env/<app_id:app_id>/capture/", views.environment_capture, name="environment_capture"),
    path("env/<app_id:app_id>/rename/", views.environment_rename, name="environment_rename"),
    path("env/<app_id:app_id>/delete/", views.environment_delete, name="environment_delete"),
    path("projects/<int:project_id>/environments/add/", views.environment_add, name="environment_add"),
    path("env/<app_id:app_id>/switch/", views.switch, name="switch"),
    path("env/<app_id:app_id>/install/", views.install, name="install"),
    path("env/<app_id:app_id>/install/status/", views.install_status, name="install_status"),
]
