"""The URLs of all pages. The collector's paths are handled before these (collector/asgi.py)."""

from django.urls import include, path
from django.views.generic import RedirectView

from collector.views.how_do_we_see_you import how_do_we_see_you
from heapadmin.components_page import components_page
from support.staff_site import staff_site

handler500 = "heapadmin.page_limits.error_page"

urlpatterns = [
    path("", include("collector.urls")),
    path("", include("analytics.urls")),
    path("login/email/", RedirectView.as_view(pattern_name="accounts:email_change")),  # in place of allauth's page
    path("login/", include("allauth.urls")),
    path("account/", include("accounts.urls")),
    path("scim/v2/", include("accounts.scim.urls")),
    path("", include("projects.urls")),
    path("", include("ipfilter.urls")),
    path("staff/components/", staff_site.admin_view(components_page), name="components_page"),
    path("staff/how-do-we-see-you/", staff_site.admin_view(how_do_we_see_you), name="how_do_we_see_you"),
    path("", include("support.urls")),
    path("staff/", staff_site.urls),
]
