"""Mails as files, while no mail server is set. They hold links that let people in, so they are the owner's alone."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.mail.backends.filebased import EmailBackend

FOLDER_MODE, FILE_MODE = 0o700, 0o600


class PrivateMailFiles(EmailBackend):
    """Django's backend, in a folder that nobody else may enter, with files that nobody else may read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        folder = Path(self.file_path)
        if folder.stat().st_mode & 0o777 != FOLDER_MODE:  # new, or written before this was so
            _set_mode([folder], FOLDER_MODE)
            _set_mode(folder.iterdir(), FILE_MODE)

    def open(self) -> bool:
        if self.stream is not None:
            return False
        descriptor = os.open(self._get_filename(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE)
        self.stream = os.fdopen(descriptor, "ab")
        return True


def _set_mode(paths: Iterable[Path], mode: int) -> None:
    for path in paths:
        with suppress(PermissionError):  # another user's; what we write ourselves is private all the same
            path.chmod(mode)
