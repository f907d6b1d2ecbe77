"""Names definitions, segments and reports for the activity, by the lineage in a URL."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Account
from accounts.touched import register_namer
from analytics.models import MODELS


def register() -> None:
    register_namer("lineage", _kept)


def _kept(account: Account, arguments: Mapping[str, Any]) -> str:
    for model in MODELS.values():
        found = model.objects.filter(
            environment__project__account=account,
            environment__app_id=arguments["app_id"],
            lineage=arguments["lineage"],
        ).first()
        if found is not None:
            return found.name
    return ""
