"""The paths of labelling. Those for the script on a site have no URL names, because no page links to them."""

from django.urls import path

from analytics.views.labelling import script

ROOT = "label/"
SCRIPT = {
    "open": script.open_page,
    "element": script.element,
    "counts": script.counts,
    "save": script.save,
    "page": script.page,
    "end": script.end,
}
urlpatterns = [path(f"{ROOT}{name}/", view) for name, view in SCRIPT.items()]
