"""Mails as files, while no mail server is set. They hold links that let people in, so they are the owner's alone."""

import os
from pathlib import Path
from typing import Any

from django.core.mail.backends.filebased import EmailBackend

FOLDER_MODE, FILE_MODE = 0o700, 0o600


class PrivateMailFiles(EmailBackend):
    """Django's backend, in a folder that nobody else may enter, with files that nobody else may read."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        folder = Path(self.file_path)
        if folder.stat().st_mode & 0o777 != FOLDER_MODE:  # new, or from before this was so
            folder.chmod(FOLDER_MODE)
            for file in folder.iterdir():
                file.chmod(FILE_MODE)

    def open(self) -> bool:
        if self.stream is not None:
            return False
        name = self._get_filename()
        self.stream = os.fdopen(os.open(name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, FILE_MODE), "ab")
        return True
