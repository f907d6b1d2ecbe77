"""Names projects, environments, API keys and API tokens for the activity, by what stands in a URL."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Account
from accounts.touched import register_namer
from projects.models import ApiKey, ApiToken, Environment, Project


def register() -> None:
    register_namer("app_id", _environment)
    register_namer("project_id", _project)
    register_namer("api_key_id", _api_key)
    register_namer("api_token_id", _api_token)


def _environment(account: Account, arguments: Mapping[str, Any]) -> str:
    found = Environment.objects.filter(project__account=account, app_id=arguments["app_id"])
    environment = found.select_related("project").first()
    return f"{environment.project.name} › {environment.name}" if environment else ""


def _project(account: Account, arguments: Mapping[str, Any]) -> str:
    project = Project.objects.filter(account=account, pk=arguments["project_id"]).first()
    return project.name if project else ""


def _api_key(account: Account, arguments: Mapping[str, Any]) -> str:
    key = ApiKey.objects.filter(project__account=account, pk=arguments["api_key_id"]).first()
    return key.name if key else ""


def _api_token(account: Account, arguments: Mapping[str, Any]) -> str:
    token = ApiToken.objects.filter(project__account=account, pk=arguments["api_token_id"]).first()
    return token.name if token else ""
