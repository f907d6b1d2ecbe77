"""The ASGI application of the collector alone, without pages, to run in separate processes (docs/collection-api.md)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")

from collector.asgi import from_settings, not_found
from heapadmin.access_log import logged
from heapadmin.health import Health

application = logged(from_settings(pages=Health(not_found)))
