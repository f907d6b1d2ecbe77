"""The paths of labelling. Those for the script on a site have no URL names, because no page links to them."""

from django.urls import path

from analytics.views.labelling import captured, console, script

ROOT = "label/"
SCRIPT = {
    "open": script.open_page,
    "element": script.element,
    "counts": script.counts,
    "save": script.save,
    "page": script.page,
    "end": script.end,
}
ENVIRONMENT = "env/<app_id:app_id>/label/"
urlpatterns = [
    *(path(f"{ROOT}{name}/", view) for name, view in SCRIPT.items()),
    path(ENVIRONMENT, console.label, name="label"),
    path(f"{ENVIRONMENT}page/", captured.label_page, name="label_page"),
    path(f"{ENVIRONMENT}open/", console.label_open, name="label_open"),
    path(f"{ENVIRONMENT}sites/confirm/", console.site_confirm, name="site_confirm"),
    path(f"{ENVIRONMENT}sites/<int:site_id>/remove/", console.site_remove, name="site_remove"),
]
