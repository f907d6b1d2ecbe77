import secrets
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from heapadmin.deployment import generated_secret, private_database_url, refuse_unsafe
from heapadmin.given_settings.database import database

SAFE = {
    "production": True,
    "debug": False,
    "secret_key": "t5oVXkq-3sWb8yGmJ0uNfRzA7cHdPiLEQ1wxM4vK",
    "hosts": ["stats.example.net"],
    "site_url": "https://stats.example.net",
}


def test_safe_settings_start():
    refuse_unsafe(**SAFE)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("debug", True),
        ("secret_key", ""),
        ("secret_key", "short-but-random-Zx81"),
        ("secret_key", "please-change-me-please-change-me-please-change-me"),
        ("secret_key", "django-insecure-t5oVXkq-3sWb8yGmJ0uNfRzA7cHdPiLEQ1wxM4vK"),
        ("secret_key", "abababababababababababababababababababababababab"),
        ("hosts", []),
        ("hosts", ["*"]),
        ("hosts", ["stats.example.net", "*"]),
        ("site_url", "http://stats.example.net"),
    ],
)
def test_production_refuses_what_is_unsafe_and_names_it(setting, value):
    names = {"debug": "DEBUG", "secret_key": "SECRET_KEY", "hosts": "ALLOWED_HOSTS", "site_url": "SITE_URL"}

    with pytest.raises(ImproperlyConfigured, match=names[setting]):
        refuse_unsafe(**SAFE | {setting: value})


def test_the_same_is_fine_on_a_developers_machine():
    refuse_unsafe(production=False, debug=True, secret_key="x", hosts=["*"], site_url="http://localhost")


def test_generated_keys_are_never_taken_for_placeholders(tmp_path):
    for _ in range(2000):
        key = secrets.token_urlsafe(50)
        if "xxxx" not in key.lower():  # once in a blue moon a random text has that
            refuse_unsafe(**SAFE | {"secret_key": key})


def test_a_secret_is_made_once_and_kept_private(tmp_path):
    path = tmp_path / "deep" / "secret_key"

    first = generated_secret(path, production=False)

    assert len(first) >= 60
    assert generated_secret(path, production=False) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_production_generates_no_secret(tmp_path):
    assert generated_secret(tmp_path / "secret_key", production=True) == ""
    assert list(tmp_path.iterdir()) == []


def test_processes_that_start_together_share_one_whole_secret(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        for number in range(30):
            path = tmp_path / str(number)
            secrets_seen = set(pool.map(lambda _, path=path: generated_secret(path, production=False), range(16)))
            assert len(secrets_seen) == 1
            assert len(secrets_seen.pop()) >= 60


@pytest.mark.parametrize("name", ["data", "with space", "per%cent", "hash#mark?", "ünï"])
def test_the_private_urls_host_is_the_folder(name):
    folder = Path("/srv") / name

    config = database(private_database_url(folder))

    assert config["HOST"] == f"/srv/{name}/postgres"
    assert (config["NAME"], config["USER"]) == ("heapadmin", "heapadmin")


def test_production_without_a_key_does_not_start(tmp_path):
    environment = {"PRODUCTION": "1", "SECRET_KEY": "", "DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    manage = Path(__file__).parents[2] / "manage.py"

    result = subprocess.run([sys.executable, manage, "check"], env=environment, capture_output=True, text=True)

    assert result.returncode != 0
    assert "SECRET_KEY must be a random string" in result.stderr
