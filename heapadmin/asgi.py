"""Pages, and the collector in front of them, under one ASGI worker."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")

from heapadmin.pages import Pages

application = Pages()
