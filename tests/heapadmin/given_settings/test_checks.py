"""`manage.py check --deploy` tells what holds and is still not what an open installation needs."""

import pytest

from heapadmin.given_settings import checks
from tests.heapadmin.given_settings.given import KEY, NAMES, SAFE, start

OPEN = SAFE | {
    "TRUSTED_PROXIES": "1,x-forwarded-for",
    "SIGNUP_OPEN": "off",
    "BACKUP_DIR": "/dev/backups",  # on another file system than anything of ours
    "EMAIL_URL": "smtp+tls://mail.example:587",
    "DEFAULT_FROM_EMAIL": "Heapadmin <heapadmin@example.net>",
}


DERIVED = ("HTTPS", "EMAIL_HOST", "EMAIL_USE_SSL", "EMAIL_USE_TLS")


def warnings(settings, found):
    for name, value in found.items():
        if name in NAMES or name in DERIVED:
            setattr(settings, name, value)
    return {each.id.removeprefix("heapadmin.") for each in checks.check_settings(None)}


def test_an_open_installation_with_all_it_needs_has_no_warning(tmp_path):
    result = start(["manage.py", "check", "--deploy"], DATA_DIR=str(tmp_path), **OPEN | {"SECRET_KEY": KEY * 2})

    assert (result.returncode, result.stderr) == (0, "")
    assert "no issues" in result.stdout


def test_check_deploy_tells_what_is_amiss_and_no_secret(tmp_path):
    amiss = {"EMAIL_URL": "smtp://ada:hunter2@mail.example", "METRICS_TOKEN": "hunter3", "DATA_DIR": str(tmp_path)}

    result = start(["manage.py", "check", "--deploy"], **OPEN | amiss)

    assert "EMAIL_URL sends mail, and its password, unencrypted" in result.stderr
    assert "METRICS_TOKEN can be guessed" in result.stderr
    assert "hunter" not in result.stderr


@pytest.mark.parametrize(
    ("amiss", "named"),
    [
        ({}, set()),
        ({"PRODUCTION": "off"}, {"PRODUCTION"}),
        ({"PRODUCTION": "off", "SITE_URL": "http://127.0.0.1:8000"}, {"PRODUCTION", "SITE_URL"}),
        ({"PRODUCTION": "off", "SITE_URL": "http://[::1]:8000"}, {"PRODUCTION", "SITE_URL"}),
        ({"ALLOWED_HOSTS": "other.example.net"}, {"ALLOWED_HOSTS"}),
        ({"ALLOWED_HOSTS": ".example.net"}, set()),
        ({"TRUSTED_PROXIES": ""}, {"TRUSTED_PROXIES"}),
        ({"HOST": "0.0.0.0"}, {"HOST"}),
        ({"HOST": "::"}, {"HOST"}),
        ({"EMAIL_URL": ""}, {"EMAIL_URL"}),
        ({"EMAIL_URL": "smtp://mail.example"}, {"EMAIL_URL"}),
        ({"EMAIL_URL": "smtp://127.0.0.1"}, set()),
        ({"DEFAULT_FROM_EMAIL": ""}, set()),
        ({"DEFAULT_FROM_EMAIL": "heapadmin@localhost"}, {"DEFAULT_FROM_EMAIL"}),
        ({"METRICS_TOKEN": "short"}, {"METRICS_TOKEN"}),
        ({"SIGNUP_OPEN": "on"}, {"SIGNUP_OPEN"}),
        ({"BACKUP_DIR": ""}, {"BACKUP_DIR"}),
    ],
)
def test_each_setting_has_its_warning(settings, read, amiss, named):
    assert warnings(settings, read(**OPEN | amiss)) == named


def test_backups_on_the_disk_of_the_database_are_warned_of(settings, read, tmp_path):
    beside = {"DATA_DIR": str(tmp_path), "BACKUP_DIR": str(tmp_path / "b"), "WAL_ARCHIVE_DIR": str(tmp_path / "w")}
    settings.PRIVATE_DATABASE = True

    assert warnings(settings, read(**OPEN | beside)) == {"BACKUP_DIR", "WAL_ARCHIVE_DIR"}
