"""The collecting paths, for workers without the ASGI front, and a page. Programs know the paths by heart: no names."""

from django.urls import path, re_path

from collector import collection
from collector.decide import ENDPOINTS
from collector.tracker import PATH
from collector.views import collect, script

app_name = "collector"
urlpatterns = [
    *(path(endpoint.removeprefix("/"), collect) for endpoint in ENDPOINTS),
    path("env/<app_id:app_id>/collection/", collection.collection, name="collection"),
    path("env/<app_id:app_id>/collection/numbers/", collection.collection_numbers, name="collection_numbers"),
    re_path(rf"^{PATH.pattern.removeprefix('/')}$", script),
]
