"""The WSGI application: pages under a threaded worker."""

import os

from django.core.wsgi import get_wsgi_application

from common.database import use_pooler
from heapadmin import database_metrics
from heapadmin.numbered_requests import NumberedWsgi
from heapadmin.page_limits import limit_statements

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
database_metrics.register()
application = NumberedWsgi(get_wsgi_application())
use_pooler()
limit_statements()
