"""The collecting paths, for workers without the ASGI front. They have no names: programs know them by heart."""

from django.urls import path

from collector.decide import ENDPOINTS
from collector.views import collect

app_name = "collector"
urlpatterns = [path(endpoint.removeprefix("/"), collect) for endpoint in ENDPOINTS]
