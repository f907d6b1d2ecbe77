"""Pages, and the collector in front of them, under one ASGI worker."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
application = get_asgi_application()
