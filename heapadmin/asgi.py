"""The ASGI application of a web worker: the collector in front, and the pages behind it."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")

from collector.asgi import from_settings
from heapadmin import database_metrics
from heapadmin.access_log import logged
from heapadmin.health import Health
from heapadmin.numbered_requests import NumberedPages
from heapadmin.pages import Pages

database_metrics.register()
application = logged(from_settings(pages=Health(NumberedPages(Pages()))))
