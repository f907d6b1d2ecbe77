"""Pages of analytics."""

from django.urls import path

from analytics.views import live

app_name = "analytics"
urlpatterns = [
    path("env/<app_id:app_id>/live/", live.live, name="live"),
    path("env/<app_id:app_id>/live/rows/", live.live_rows, name="live_rows"),
]
