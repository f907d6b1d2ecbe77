"""Mails that are written to files, by a real `manage.py` that has no mail server."""

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.fixture
def mail(tmp_path):
    return tmp_path / "mail"


def send_mail(data_dir):
    """With a umask that lets everybody read and write."""
    environment = {name: value for name, value in os.environ.items() if name != "EMAIL_URL"} | {"DATA_DIR": data_dir}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "sendtestemail", "ada@example.com"]
    subprocess.run(command, env=environment, check=True, umask=0)


def mode(path):
    return oct(path.stat().st_mode & 0o777)


def test_only_their_owner_reads_them(tmp_path, mail):
    send_mail(tmp_path)

    (file,) = mail.iterdir()
    assert (mode(mail), mode(file)) == ("0o700", "0o600")
    assert "To: ada@example.com" in file.read_text()


def test_a_folder_that_others_could_read_is_closed_with_all_in_it(tmp_path, mail):
    mail.mkdir(mode=0o755)
    early = mail / "early.log"
    early.touch(mode=0o644)

    send_mail(tmp_path)

    assert {mode(file) for file in mail.iterdir()} == {"0o600"}
    assert mode(mail) == "0o700"
    assert early.exists()
