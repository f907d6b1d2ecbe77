"""The URLs of analytics' pages, and of the read API."""

from django.urls import path, re_path, register_converter

from analytics.converters import ActorIdConverter
from analytics.kinds.registry import KINDS
from analytics.views import (
    alerts,
    analyze,
    behind,
    bulk,
    catalogue,
    catalogue_name,
    compare,
    dashboard,
    dashboard_edit,
    definitions,
    exports,
    first_steps,
    live,
    notes,
    notes_api,
    people,
    reports,
    search,
    segments,
    shared,
    shared_links,
    storage,
    subscriptions,
    suggestions,
    tiles,
    unsubscribe,
    webhooks,
)
from analytics.views.labelling import urls as labelling
from analytics.views.read_api import urls as read_api
from collector.request.paths import ROOT, with_slashes

app_name = "analytics"
register_converter(ActorIdConverter, "actor_id")

ENVIRONMENT = "env/<app_id:app_id>/"
DEFINITION = ENVIRONMENT + "definitions/<uuid:lineage>/"
SEGMENT = ENVIRONMENT + "segments/<uuid:lineage>/"
REPORT = ENVIRONMENT + "reports/<uuid:lineage>/"
SHARED_LINK = ENVIRONMENT + "shared-links/<int:shared_link_id>/"
SHARED = "shared/<str:secret>/"
DASHBOARD = ENVIRONMENT + "dashboards/<uuid:lineage>/"
SUBSCRIPTION = ENVIRONMENT + "subscriptions/<int:subscription_id>/"
NOTE = ENVIRONMENT + "notes/<int:note_id>/"
ALERT = ENVIRONMENT + "alerts/<int:alert_id>/"
WEBHOOK = ENVIRONMENT + "webhooks/<int:webhook_id>/"
urlpatterns = [
    path(ENVIRONMENT, dashboard.dashboard, name="dashboard"),
    path(ENVIRONMENT + "first-steps/hide/", first_steps.first_steps_hide, name="first_steps_hide"),
    path(ENVIRONMENT + "dashboards/", dashboard_edit.dashboard_list, name="dashboard_list"),
    path(ENVIRONMENT + "dashboards/new/", dashboard_edit.dashboard_create, name="dashboard_create"),
    path(ENVIRONMENT + "dashboards/order/", dashboard_edit.dashboard_order, name="dashboard_order"),
    path(DASHBOARD, dashboard.dashboard_page, name="dashboard_page"),
    path(DASHBOARD + "edit/", dashboard_edit.dashboard_edit, name="dashboard_edit"),
    path(DASHBOARD + "range/", dashboard_edit.dashboard_range, name="dashboard_range"),
    path(DASHBOARD + "delete/", dashboard_edit.dashboard_delete, name="dashboard_delete"),
    path(DASHBOARD + "tiles/add/", tiles.tile_add, name="tile_add"),
    path(DASHBOARD + "tiles/order/", tiles.tile_order, name="tile_order"),
    path(DASHBOARD + "tiles/<uuid:tile>/", dashboard.tile, name="tile"),
    path(DASHBOARD + "tiles/<uuid:tile>/change/", tiles.tile_change, name="tile_change"),
    path(DASHBOARD + "tiles/<uuid:tile>/remove/", tiles.tile_remove, name="tile_remove"),
    path(ENVIRONMENT + "search/", search.search, name="search"),
    path(ENVIRONMENT + "live/", live.live, name="live"),
    path(ENVIRONMENT + "live/rows/", live.live_rows, name="live_rows"),
    path(ENVIRONMENT + "definitions/", definitions.definition_list, name="definition_list"),
    path(ENVIRONMENT + "definitions/new/", definitions.definition_create, name="definition_create"),
    path(ENVIRONMENT + "definitions/preview/", definitions.definition_preview, name="definition_preview"),
    path(ENVIRONMENT + "definitions/bulk/", bulk.bulk("definition"), name="definition_bulk"),
    path(DEFINITION, definitions.definition, name="definition"),
    path(DEFINITION + "edit/", definitions.definition_edit, name="definition_edit"),
    path(DEFINITION + "delete/", definitions.definition_delete, name="definition_delete"),
    path(ENVIRONMENT + "catalogue/", catalogue.catalogue, name="catalogue"),
    path(ENVIRONMENT + "catalogue/properties/", catalogue.catalogue_properties, name="catalogue_properties"),
    path(ENVIRONMENT + "catalogue/name/", catalogue_name.catalogue_name, name="catalogue_name"),
    path(ENVIRONMENT + "catalogue/name/chart/", catalogue_name.catalogue_chart, name="catalogue_chart"),
    path(ENVIRONMENT + "catalogue/name/note/", catalogue_name.catalogue_note, name="catalogue_note"),
    path(ENVIRONMENT + "notes/", notes.note_list, name="note_list"),
    path(ENVIRONMENT + "notes/new/", notes.note_add, name="note_add"),
    path(NOTE + "edit/", notes.note_edit, name="note_edit"),
    path(NOTE + "delete/", notes.note_delete, name="note_delete"),
    re_path(with_slashes(f"{ROOT}notes"), notes_api.note_add),  # programs call it, no code builds its URL
    path(ENVIRONMENT + "segments/", segments.segment_list, name="segment_list"),
    path(ENVIRONMENT + "segments/new/", segments.segment_create, name="segment_create"),
    path(ENVIRONMENT + "segments/preview/", segments.segment_preview, name="segment_preview"),
    path(ENVIRONMENT + "segments/bulk/", bulk.bulk("segment"), name="segment_bulk"),
    path(SEGMENT, segments.segment, name="segment"),
    path(SEGMENT + "edit/", segments.segment_edit, name="segment_edit"),
    path(SEGMENT + "delete/", segments.segment_delete, name="segment_delete"),
    *(path(f"{ENVIRONMENT}{name}/", analyze.analyze(kind), name=name) for name, kind in KINDS.items()),
    path(ENVIRONMENT + "people/<actor_id:actor_id>/", people.person, name="person"),
    path(ENVIRONMENT + "people/<actor_id:actor_id>/download/", people.person_download, name="person_download"),
    path(ENVIRONMENT + "people/<actor_id:actor_id>/delete/", people.person_delete, name="person_delete"),
    path("projects/<int:project_id>/storage/", storage.storage, name="storage"),
    path(ENVIRONMENT + "behind/", behind.behind, name="behind"),
    path(ENVIRONMENT + "behind/export/", behind.behind_export, name="behind_export"),
    path(ENVIRONMENT + "behind/segment/", behind.behind_segment, name="behind_segment"),
    path(ENVIRONMENT + "export/", exports.export, name="export"),
    path(ENVIRONMENT + "queries/cancel/", analyze.query_cancel, name="query_cancel"),
    path(ENVIRONMENT + "suggested/names/", suggestions.suggested_names, name="suggested_names"),
    path(ENVIRONMENT + "suggested/values/", suggestions.suggested_values, name="suggested_values"),
    path(ENVIRONMENT + "compare/", compare.compare_environments, name="compare"),
    path(ENVIRONMENT + "compare/carry/", compare.compare_carry, name="compare_carry"),
    path(ENVIRONMENT + "compare/undo/", compare.compare_undo, name="compare_undo"),
    path(ENVIRONMENT + "reports/", reports.report_list, name="report_list"),
    path(ENVIRONMENT + "reports/new/", reports.report_create, name="report_create"),
    path(ENVIRONMENT + "reports/bulk/", bulk.bulk("report"), name="report_bulk"),
    path(ENVIRONMENT + "subscriptions/", subscriptions.subscription_list, name="subscription_list"),
    path(ENVIRONMENT + "subscriptions/new/", subscriptions.subscription_add, name="subscription_add"),
    path(SUBSCRIPTION + "edit/", subscriptions.subscription_edit, name="subscription_edit"),
    path(SUBSCRIPTION + "end/", subscriptions.subscription_end, name="subscription_end"),
    path("unsubscribe/<str:secret>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("subscribe/<str:secret>/", unsubscribe.subscription_confirm, name="subscription_confirm"),
    path(REPORT, reports.report, name="report"),
    path(REPORT + "save/", reports.report_save, name="report_save"),
    path(REPORT + "edit/", reports.report_edit, name="report_edit"),
    path(REPORT + "delete/", reports.report_delete, name="report_delete"),
    path(REPORT + "pin/", reports.report_pin, name="report_pin"),
    *labelling.urlpatterns,
    path(ENVIRONMENT + "shared-links/", shared_links.shared_link_list, name="shared_link_list"),
    path(ENVIRONMENT + "shared-links/new/", shared_links.shared_link_create, name="shared_link_create"),
    path(SHARED_LINK, shared_links.shared_link, name="shared_link"),
    path(SHARED_LINK + "end/", shared_links.shared_link_end, name="shared_link_end"),
    path(SHARED, shared.shared, name="shared"),
    path(SHARED + "whole/", shared.shared_whole, name="shared_whole"),
    path(SHARED + "answer/", shared.shared_answer, name="shared_answer"),
    path(SHARED + "csv/", shared.shared_csv, name="shared_csv"),
    path(SHARED + "tiles/<uuid:tile>/", shared.shared_tile, name="shared_tile"),
    re_path(r"^shared/[\s\S]*/\Z", shared.nothing),  # no other path below tells whether its link is there
    re_path(r"^shared/[\s\S]*[^/]\Z", shared.with_slash),
    path(ENVIRONMENT + "alerts/", alerts.alert_list, name="alert_list"),
    path(ENVIRONMENT + "alerts/new/", alerts.alert_create, name="alert_create"),
    path(ALERT, alerts.alert, name="alert"),
    path(ALERT + "edit/", alerts.alert_edit, name="alert_edit"),
    path(ALERT + "switch/", alerts.alert_switch, name="alert_switch"),
    path(ALERT + "delete/", alerts.alert_delete, name="alert_delete"),
    path(ALERT + "subscribe/", alerts.alert_subscribe, name="alert_subscribe"),
    path(ENVIRONMENT + "webhooks/", webhooks.webhook_list, name="webhook_list"),
    path(ENVIRONMENT + "webhooks/new/", webhooks.webhook_create, name="webhook_create"),
    path(WEBHOOK, webhooks.webhook, name="webhook"),
    path(WEBHOOK + "secret/", webhooks.webhook_secret, name="webhook_secret"),
    path(WEBHOOK + "test/", webhooks.webhook_test, name="webhook_test"),
    path(WEBHOOK + "delete/", webhooks.webhook_delete, name="webhook_delete"),
    *read_api.urlpatterns,
]
