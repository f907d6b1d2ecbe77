"""Pages of support. The staff's admin has its own (support/staff_site.py)."""

from django.urls import path

from support.account.views import account_support, close_ask, export_ask, visits_allow
from support.exports.views import export_download
from support.status.views import freshness, status
from support.talk.views import talk
from support.visits.views import visit_end

app_name = "support"
urlpatterns = [
    path("talk/", talk, name="talk"),
    path("status/", status, name="status"),
    path("status.json", status, name="status_json"),
    path("env/<app_id:app_id>/freshness/", freshness, name="freshness"),
    path("account/<int:account_id>/support/", account_support, name="account_support"),
    path("account/<int:account_id>/support/visits/", visits_allow, name="visits_allow"),
    path("account/<int:account_id>/support/export/", export_ask, name="export_ask"),
    path("account/<int:account_id>/support/close/", close_ask, name="close_ask"),
    path("export/<str:secret>/", export_download, name="export_download"),
    path("visit/end/", visit_end, name="visit_end"),
]
