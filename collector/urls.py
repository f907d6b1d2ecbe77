"""The collecting paths, for workers without the ASGI front. They have no names: programs know them by heart."""

from django.urls import path, re_path

from collector.decide import ENDPOINTS
from collector.tracker import PATH
from collector.views import collect, script

app_name = "collector"
urlpatterns = [
    *(path(endpoint.removeprefix("/"), collect) for endpoint in ENDPOINTS),
    re_path(rf"^{PATH.pattern.removeprefix('/')}$", script),
]
