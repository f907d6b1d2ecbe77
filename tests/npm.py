"""Packages from npm, installed once for each version of a package.json; where that cannot be, tests are skipped."""

import hashlib
import os
import shutil
import subprocess

import pytest
from django.conf import settings

INSTALL = ["npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps"]


def installed(package):
    """The folder, beside node_modules, into which the `package` file was installed."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are not installed")
    folder = settings.BASE_DIR / "var" / f"node-{hashlib.sha256(package.read_bytes()).hexdigest()[:12]}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(package, folder)
        result = subprocess.run(INSTALL, cwd=folder, capture_output=True, text=True, timeout=300)
        if result.returncode and not os.environ.get("CI"):
            pytest.skip(f"npm could not install {package.parent.name}: {result.stderr.strip()[-200:]}")
        assert result.returncode == 0, result.stderr
        (folder / "done").touch()
    return folder
