"""Pages of support."""

from django.urls import path

from support.views import status, talk, visits

app_name = "support"
urlpatterns = [
    path("talk/", talk.talk, name="talk"),
    path("status/", status.status, name="status"),
    path("env/<app_id:app_id>/freshness/", status.freshness, name="freshness"),
    path("status.json", status.status, name="status_json"),
    path("visit/end/", visits.visit_end, name="visit_end"),
]
