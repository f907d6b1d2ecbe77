"""Pages of support. The staff's admin has its own (support/staff/site.py)."""

from django.urls import path

from support.views import account, exports, status, talk, visits

app_name = "support"
urlpatterns = [
    path("talk/", talk.talk, name="talk"),
    path("status/", status.status, name="status"),
    path("status.json", status.status, name="status_json"),
    path("env/<app_id:app_id>/freshness/", status.freshness, name="freshness"),
    path("account/<int:account_id>/support/", account.account_support, name="account_support"),
    path("account/<int:account_id>/support/visits/", account.visits_allow, name="visits_allow"),
    path("account/<int:account_id>/support/export/", account.export_ask, name="export_ask"),
    path("account/<int:account_id>/support/close/", account.close_ask, name="close_ask"),
    path("export/<str:secret>/", exports.export_download, name="export_download"),
    path("visit/end/", visits.visit_end, name="visit_end"),
]
