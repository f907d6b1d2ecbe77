"""The ASGI application of the collector alone, without pages, to run in separate processes (docs/collection-api.md)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")

from collector.asgi import from_settings

application = from_settings()
