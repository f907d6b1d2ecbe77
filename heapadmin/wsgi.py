"""The WSGI application: pages under a threaded worker."""

import os

from django.core.wsgi import get_wsgi_application

from heapadmin import database_metrics
from heapadmin.numbered_requests import NumberedWsgi
from heapadmin.page_limits import limit_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
database_metrics.register()
application = NumberedWsgi(get_wsgi_application())
limit_statements()
