"""The collector alone, without pages, for processes of its own (docs/collection-api.md)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")

from collector.asgi import from_settings, not_found
from heapadmin.health import Health

application = from_settings(pages=Health(not_found))
