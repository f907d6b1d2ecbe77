"""What the tests of settings give."""

import re
import subprocess
import sys

from django.conf import settings

NAMES = re.findall(r"^#?([A-Z_]+)=", (settings.BASE_DIR / ".env.example").read_text(), re.MULTILINE)
KEY = "t5oVXkq-3sWb8yGmJ0uNfRzA7cHdPiLEQ1wxM4vK"
SAFE = {"PRODUCTION": "on", "SECRET_KEY": KEY, "SITE_URL": "https://stats.example.net"}


def start(command, **given):
    """What starts Heapadmin, with an environment of nothing else."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env={"PATH": "/usr/bin:/bin", **given},
        capture_output=True,
        text=True,
        timeout=60,
    )
