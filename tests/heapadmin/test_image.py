"""What the image holds is enough to run: .dockerignore lets files in by name."""

import os
import shutil
import subprocess
import sys

from django.conf import settings


def test_the_files_of_the_image_are_all_that_a_start_needs(tmp_path):
    lines = (settings.BASE_DIR / ".dockerignore").read_text().split()
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        source, copy = settings.BASE_DIR / name, tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, copy) if source.is_dir() else shutil.copy(source, copy)

    command = [sys.executable, "manage.py", "check", "--fail-level=WARNING"]
    checked = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stderr
