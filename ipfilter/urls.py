"""Pages of ipfilter."""

from django.urls import path

from ipfilter import views

app_name = "ipfilter"
urlpatterns = [
    path("account/<int:account_id>/excluded-ips/", views.excluded_ips, name="excluded_ips"),
    path("env/<app_id:app_id>/excluded-ips/", views.environment_excluded_ips, name="environment_excluded_ips"),
]
