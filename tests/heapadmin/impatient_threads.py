"""gunicorn's settings for pages in threads, with less time for a client to read."""

from common import downloads
from heapadmin import gunicorn_wsgi_conf
from heapadmin.gunicorn_wsgi_conf import *  # noqa: F403

gunicorn_wsgi_conf.READING_SECONDS = 2
workers = 1


def on_starting(server):
    """In gunicorn's own process alone: tests import this file too."""
    downloads.FOR_A_PERSON = downloads.FOR_ALL = 100
