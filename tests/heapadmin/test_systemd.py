"""The unit in deploy/, as systemd reads it."""

import shutil
import subprocess
import sys
from configparser import ConfigParser

import pytest
from django.conf import settings

UNIT = settings.BASE_DIR / "deploy" / "heapadmin.service"
FOLDER = "/srv/heapadmin"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
def test_systemd_understands_every_line(tmp_path):
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace(f"{FOLDER}/.venv/bin/python", sys.executable))

    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)

    about_it = [line for line in (done.stdout + done.stderr).splitlines() if UNIT.name in line]
    assert about_it == []


def test_its_commands_are_ours_and_it_may_write_to_its_data_only():
    unit = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
    unit.optionxform = str
    unit.read_string(UNIT.read_text())
    service = unit["Service"]

    assert service["ExecStart"] == f"{FOLDER}/.venv/bin/python manage.py standalone"
    assert service["ExecReload"] == f"{FOLDER}/.venv/bin/python manage.py reload"
    assert (service["ProtectSystem"], service["NoNewPrivileges"], service["PrivateTmp"]) == ("strict", "yes", "yes")
    assert service["Environment"] == f"DATA_DIR=/var/lib/{service['StateDirectory']}"
    assert "EnvironmentFile" not in service
