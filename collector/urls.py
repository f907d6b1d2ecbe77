"""The collecting paths (for workers without the ASGI front), the API for programs with an API key, and a page.

The paths that programs call have no URL names, because the code never builds these URLs from a name.
"""

from django.urls import path, re_path

from collector.decide import ENDPOINTS
from collector.request.paths import ROOT, with_slashes
from collector.tracker import PATH
from collector.views import collection
from collector.views.public_api import auth_token, deletion_status, import_events, user_deletion
from collector.wsgi import collect, script

app_name = "collector"
urlpatterns = [
    *(re_path(with_slashes(endpoint), collect) for endpoint in ENDPOINTS),
    re_path(with_slashes(f"{ROOT}auth_token"), auth_token),
    re_path(with_slashes(f"{ROOT}user_deletion"), user_deletion),
    re_path(with_slashes(f"{ROOT}import"), import_events),
    re_path(with_slashes(f"{ROOT}deletion_status", "(?P<request_id>[^/]+)"), deletion_status),
    path("env/<app_id:app_id>/collection/", collection.collection, name="collection"),
    path("env/<app_id:app_id>/collection/numbers/", collection.collection_numbers, name="collection_numbers"),
    re_path(rf"^(?:/*){PATH.pattern.removeprefix('/').replace('/', '/+')}/*$", script),
]
