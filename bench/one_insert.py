"""The usual way to collect, for comparison: a Django view that parses the body and stores one row."""

import json
import os
import time

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

INSERT = "insert into events (environment_id, time, actor_id, name, properties) values (0, to_timestamp(%s), 0, %s, %s)"


@csrf_exempt
def one_insert(request: HttpRequest) -> HttpResponse:
    event = json.loads(request.body)
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [time.time(), event["event"], json.dumps(event["properties"])])
    return HttpResponse("OK", content_type="text/plain")


urlpatterns = [path("one_insert", one_insert)]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
django.setup()  # allauth requires all middleware here; it is removed below to measure only the view
settings.ROOT_URLCONF = "bench.one_insert"
settings.MIDDLEWARE = []
application = WSGIHandler()
