"""Runs a program that writes much, and ends it before it fills a disk: the database may be on the same one."""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import disk

LOOK_SECONDS = 0.5


class Ended(Exception):
    """The program failed, or was ended before it did harm; the message says why."""


def run(command: Sequence[str], folder: Path, *, problem: Callable[[], str] = str, **arguments: Any) -> None:
    """Run a program that writes on the disk of `folder`. It is ended when `problem` says something. Raises Ended.

    `arguments` go to subprocess.Popen.
    """
    if disk.is_full(folder):
        raise Ended(_no_room(folder))
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=said, **arguments) as program:  # noqa: S603
            try:
                _wait(program, folder, problem)
            except BaseException:
                program.kill()
                raise
        said.seek(0)
        words = said.read().decode(errors="replace").strip()
    if "No space left on device" in words:
        raise Ended(_no_room(folder))
    if program.returncode != 0:
        raise Ended(f"{Path(command[0]).name} failed: {words}")


def _wait(program: subprocess.Popen[bytes], folder: Path, problem: Callable[[], str]) -> None:
    while True:
        try:
            program.wait(LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            if words := _no_room(folder) if disk.is_full(folder) else problem():
                raise Ended(words) from None
        else:
            return


def _no_room(folder: Path) -> str:
    return f"There is no room left in {folder}: {disk.free_bytes(folder) / 2**20:,.1f} MiB are free."
