"""What the header's environment switcher shows on every page."""

from typing import Any

from django.http import HttpRequest


def switcher(request: HttpRequest) -> dict[str, Any]:
    """`environment`: the one in the URL, if any; `switcher_projects`: what the dropdown lists."""
    return {"environment": getattr(request, "environment", None)}
