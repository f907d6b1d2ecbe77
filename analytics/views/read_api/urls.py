"""The paths of the read API. They have no URL names, because no page links to them."""

from django.urls import path, re_path

from analytics.definitions.lineages import NOUNS, REPORT
from analytics.views.read_api import answers, catalogue, excluded_ips, kept
from projects.api_tokens.door import endpoint, nothing_here

ROOT = "api/public/v1/"
ENVIRONMENT = f"{ROOT}environments/<app_id:app_id>/"
urlpatterns = [
    path(f"{ROOT}project", endpoint(GET=kept.project)),
    path(f"{ROOT}environments", endpoint(GET=kept.environments)),
    *(path(f"{ENVIRONMENT}{noun}s", endpoint(GET=kept.kept_list), {"noun": noun}) for noun in NOUNS),
    *(path(f"{ENVIRONMENT}{noun}s/<uuid:lineage>", endpoint(GET=kept.kept_one), {"noun": noun}) for noun in NOUNS),
    path(f"{ENVIRONMENT}{REPORT}s/<uuid:lineage>/answer", endpoint(GET=answers.report)),
    path(f"{ENVIRONMENT}questions/<str:kind>", endpoint(GET=answers.question)),
    path(f"{ENVIRONMENT}catalogue/events", endpoint(GET=catalogue.events)),
    path(f"{ENVIRONMENT}catalogue/properties", endpoint(GET=catalogue.properties)),
    path(f"{ENVIRONMENT}excluded-ips", endpoint(GET=excluded_ips.look, PUT=excluded_ips.save)),
    re_path(f"^{ROOT}", nothing_here),
]
