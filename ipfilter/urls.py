"""URLs of the excluded IPs: the account's list and an environment's."""

from django.urls import path

from ipfilter import views

ACCOUNT = "account/<int:account_id>/excluded-ips/"
ENVIRONMENT = "env/<app_id:app_id>/excluded-ips/"

app_name = "ipfilter"
urlpatterns = [
    path(ACCOUNT, views.excluded_ips, name="excluded_ips"),
    path(f"{ACCOUNT}preview/", views.excluded_ips_preview, name="excluded_ips_preview"),
    path(ENVIRONMENT, views.environment_excluded_ips, name="environment_excluded_ips"),
    path(f"{ENVIRONMENT}preview/", views.environment_excluded_ips_preview, name="environment_excluded_ips_preview"),
]
