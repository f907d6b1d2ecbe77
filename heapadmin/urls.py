"""The URL of everything that is a page; the collector's paths are in front of it (collector/asgi.py)."""

from django.urls import include, path
from django.views.generic import RedirectView

from support.staff.site import staff_site

from heapadmin.components_page import components_page

urlpatterns = [
    path("", include("collector.urls")),
    path("", include("analytics.urls")),
    path("login/email/", RedirectView.as_view(pattern_name="accounts:email_change")),  # in place of allauth's page
    path("login/", include("allauth.urls")),
    path("account/", include("accounts.urls")),
    path("", include("projects.urls")),
    path("", include("ipfilter.urls")),
    path("staff/components/", components_page, name="components_page"),
    path("", include("support.urls")),
    path("staff/", staff_site.urls),
]
