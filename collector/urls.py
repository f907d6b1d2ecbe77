"""The collecting paths, for workers without the ASGI front, and the API for holders of an API key.

They have no names: programs know them by heart.
"""

from django.urls import path, re_path

from collector.decide import ENDPOINTS
from collector.public_api import ROOT, auth_token, deletion_status, user_deletion
from collector.tracker import PATH
from collector.views import collect, script

app_name = "collector"
urlpatterns = [
    *(path(endpoint.removeprefix("/"), collect) for endpoint in ENDPOINTS),
    path(f"{ROOT.removeprefix('/')}auth_token", auth_token),
    path(f"{ROOT.removeprefix('/')}user_deletion", user_deletion),
    path(f"{ROOT.removeprefix('/')}deletion_status/<str:request_id>", deletion_status),
    re_path(rf"^{PATH.pattern.removeprefix('/')}$", script),
]
