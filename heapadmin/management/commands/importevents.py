"""`manage.py importevents`: import events of the past. docs/import-history.md says what the lines hold."""

import os
import time
from argparse import ArgumentParser
from io import BufferedReader
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from collector.imports.importer import Importer, ImportRefused
from collector.imports.lines import BadFile
from common.counted import counted, noun
from events.faults import Unavailable
from projects.models import Environment

STDIN = "-"
TELL_SECONDS = 2.0  # on a terminal
TELL_LOG_SECONDS = 30.0
NICE = 10  # what serves pages and events comes first


class Command(BaseCommand):
    help = "Import events of the past into an environment: one event a line, as a bulk request holds it. Gzip is read."

    def add_arguments(self, parser: CommandParser | ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="- is the standard input")
        parser.add_argument("--app-id", required=True)
        parser.add_argument(
            "--from-line", type=int, default=1, metavar="N", help="of the first file: skip what an earlier run stored"
        )

    def handle(self, *, files: list[str], app_id: str, from_line: int, **options: Any) -> None:
        environment = Environment.objects.live().filter(app_id=app_id).first()
        if environment is None:
            raise CommandError(f"No environment has the app_id {app_id}.")
        size = sum(map(size_of, files))  # all of them, so that a name that is wrong is told at once
        os.nice(NICE)
        importer = Importer(app_id)
        progress = ImportProgress(importer, size, TELL_SECONDS if self.stderr.isatty() else TELL_LOG_SECONDS)
        try:
            for number, name in enumerate(files):
                self._import(importer, progress, name, from_line if number == 0 else 1)
        finally:
            importer.write_counts()
        self._tell_end(importer, progress)

    def _import(self, importer: Importer, progress: "ImportProgress", name: str, from_line: int) -> None:
        told = len(importer.report.reasons)
        with open_file(name) as file:
            try:
                for report in importer.run(file, from_line=from_line):
                    for line, reason in report.reasons[told:]:
                        self.stderr.write(f"{name}, line {line}: {reason}")
                    told = len(report.reasons)
                    if words := progress.words(file):
                        self.stderr.write(words, str)  # not in the colour of errors
            except (ImportRefused, Unavailable, BadFile) as error:
                raise CommandError(f"{name}: {error}. {_go_on(importer, name)}") from error
            except KeyboardInterrupt:
                raise CommandError(f"Stopped. {_go_on(importer, name)}", returncode=130) from None
            progress.done(file)

    def _tell_end(self, importer: Importer, progress: "ImportProgress") -> None:
        report = importer.report
        self.stdout.write(
            f"{counted(report.lines, 'line')} in {progress.seconds:,.0f} s: {counted(report.stored, 'event')} stored, "
            f"{report.repeats:,} were there already, {report.excluded:,} from excluded IPs, {report.bad:,} bad."
        )
        for count, words in (
            (report.properties_left_out, "properties were left out: there was no room for them."),
            (report.texts_cut, "texts were cut."),
            (report.identities_ignored, "identities were ignored: they name nobody."),
        ):
            if count:
                self.stdout.write(f"{count:,} {words}")
        if importer.months.without:
            months = ", ".join(f"{month:%Y-%m}" for month in importer.months.without)
            self.stdout.write(f"Without a partition of their own: {months}. Their events are in events_default.")
        if report.bad:
            raise CommandError(f"{counted(report.bad, 'event')} {noun(report.bad, 'was')} not stored.")


def open_file(name: str) -> BufferedReader:
    """Raises CommandError, as the next one does."""
    try:
        return open(0 if name == STDIN else name, "rb", closefd=name != STDIN)
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}.") from error


def size_of(name: str) -> int:
    """The size of a file in bytes, which can be opened. A pipe's is 0, and it is not opened: that can be done once."""
    try:
        if name != STDIN and Path(name).is_fifo():
            return 0
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}.") from error
    with open_file(name) as file:
        return os.fstat(file.fileno()).st_size


def _go_on(importer: Importer, name: str) -> str:
    line = importer.report.last_line
    return (
        f"Up to line {line:,} of {name} all is done. Run the same again: what is stored is not stored twice. "
        f"With --from-line {line + 1} it does not look at those lines again."
    )


class ImportProgress:
    """How far an import is, in a line every few seconds. What is left is told by the bytes of the files."""

    def __init__(self, importer: Importer, size: int, every_seconds: float) -> None:
        self._importer = importer
        self._size = size
        self._every_seconds = every_seconds
        self._read = 0  # of files before this one
        self._began = self._told_at = time.monotonic()

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def words(self, file: BufferedReader) -> str:
        now = time.monotonic()
        if now - self._told_at < self._every_seconds:
            return ""
        self._told_at = now
        report = self._importer.report
        parts = [f"{report.lines:,} lines", f"{report.lines / self.seconds:,.0f} a second"]
        read = self._read + _position(file)
        if self._size and read:
            left = self.seconds * (self._size - read) / read
            parts += [f"{read / self._size:.0%}", f"{_duration(left)} left"]
        parts += [f"{count:,} {word}" for word, count in (("repeats", report.repeats), ("bad", report.bad)) if count]
        return " · ".join(parts)

    def done(self, file: BufferedReader) -> None:
        self._read += _position(file)


def _position(file: BufferedReader) -> int:
    return file.tell() if file.seekable() else 0


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min" if minutes else "under 1 min"
