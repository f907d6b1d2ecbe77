"""Pages of analytics."""

from django.urls import path

from analytics import views

app_name = "analytics"
urlpatterns = [
    path("env/<app_id:app_id>/live/", views.live, name="live"),
]
