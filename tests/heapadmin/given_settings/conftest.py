"""Reads the settings file as a start does, with an environment of one's own."""

import runpy

import environ
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from tests.heapadmin.given_settings.given import NAMES


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Reads the settings file with the given environment; returns what it defines."""
    monkeypatch.setattr(environ.Env, "read_env", lambda *args: None)  # this machine's .env is nobody's business here

    def read(**given):
        here = dict.fromkeys(NAMES, "") | {"DATA_DIR": str(tmp_path / "data")} | given
        monkeypatch.setattr(environ.Env, "ENVIRON", here)
        return runpy.run_path(str(settings.BASE_DIR / "heapadmin/settings.py"))

    return read


@pytest.fixture
def refusal(read):
    """The sentence with which settings are refused."""

    def refusal(**given):
        with pytest.raises(ImproperlyConfigured) as refused:
            read(**given)
        return str(refused.value)

    return refusal
