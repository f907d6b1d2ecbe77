"""The URL of everything that is a page; the collector's paths are in front of it (collector/asgi.py)."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("analytics.urls")),
    path("login/", include("allauth.urls")),
    path("account/", include("accounts.urls")),
    path("", include("projects.urls")),
    path("", include("ipfilter.urls")),
    path("staff/", admin.site.urls),
]
