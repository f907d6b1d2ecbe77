"""What most do: a Django view that parses the body and stores one row, under threaded WSGI workers."""

import json
import os
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

settings.ROOT_URLCONF = "bench.one_insert"
settings.MIDDLEWARE = []
INSERT = "insert into events (environment_id, time, actor_id, name, properties) values (0, to_timestamp(%s), 0, %s, %s)"


@csrf_exempt
def one_insert(request: HttpRequest) -> HttpResponse:
    event = json.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [time.time(), event["event"], json.dumps(event["properties"])])
    return HttpResponse("OK", content_type="text/plain")


urlpatterns = [path("one_insert", one_insert)]
application = get_wsgi_application()
