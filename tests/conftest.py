"""A private PostgreSQL for the whole run, unless DATABASE_URL names a server."""

import pytest


@pytest.fixture(autouse=True)
def static_files_by_their_own_names(settings):
    """Pages of the test run name static files as they are: no manifest has been collected for it."""
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    }
