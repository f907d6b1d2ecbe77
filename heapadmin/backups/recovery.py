"""Recovery of the private database: back to a moment, from a base backup and what was archived since."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings

from common.counted import counted
from heapadmin import datafolder
from heapadmin.backups import bases
from heapadmin.backups.timelines import Timelines
from heapadmin.postgres import PostgresError, PrivatePostgres
from heapadmin.wal_archive import WalArchive

REPLACED = "data.replaced"  # the former files, while others take their place


class CannotRecover(Exception):
    """Nothing has changed; the message says why."""


def recover(moment: datetime | None, say: Callable[[str], None]) -> Path | None:
    """Bring the private database to what it held at `moment`; None: to the last thing that was archived.

    Returns where its former files are now. Raises CannotRecover, FolderInUse or
    PostgresError; then nothing has changed.
    """
    if not settings.PRIVATE_DATABASE or settings.WAL_ARCHIVE_DIR is None:
        raise CannotRecover("Only the private database can go back, and only with WAL_ARCHIVE_DIR.")
    with datafolder.held(settings.DATA_DIR, by="recover"):
        former = PrivatePostgres.of_installation(say)
        _tidy_after_one_that_was_killed(former)
        if former.has_files():
            _archive_the_rest(former, say)
            if moment is None and (waiting := list((former.data / "pg_wal" / "archive_status").glob("*.ready"))):
                raise CannotRecover(
                    f"{counted(len(waiting), 'file')} of the log could not be archived, so the last thing that was "
                    f"written would be lost. Make room in {settings.WAL_ARCHIVE_DIR}, or name a moment."
                )
        own = WalArchive.of(settings.WAL_ARCHIVE_DIR, former.data) if former.has_files() else None
        if own is not None:
            bases.name_by_way(own, former.data)
        place, base = _base_for(own, settings.WAL_ARCHIVE_DIR, moment)
        say(f"From {base.name}, with what was written since …")
        server = PrivatePostgres.of_installation(say)
        server.data = server.folder / "data.recovering"
        try:
            server.unpack(base / "base.tar.gz")
            timeline = Timelines.of(former.data).present if place == own else None
            server.recover(place.restore_command, moment, timeline)
        except BaseException:
            server.stop()
            shutil.rmtree(server.data, ignore_errors=True)
            raise
        aside = _take_place(server.data, former)
        bases.name_by_way(place, former.data)
        return aside


def _archive_the_rest(former: PrivatePostgres, say: Callable[[str], None]) -> None:
    """A server that stops archives what it wrote last."""
    try:
        former.start()
    except PostgresError as error:
        say(f"The database does not start, so what it did not archive before is lost. {error}")
    else:
        former.stop()


def _base_for(own: WalArchive | None, archive: Path, moment: datetime | None) -> tuple[WalArchive, Path]:
    """The base backup to begin with, of this cluster; or of another one if this has none, as on a new machine."""
    places = [WalArchive(folder) for folder in archive.glob("[0-9]*")] if archive.is_dir() else []
    for some in ([own] if own else [], places):
        found = [(base, place) for place in some if (base := bases.before(place, moment)) is not None]
        if found:
            base, place = max(found, key=lambda each: bases.completed_at(each[0]))
            return place, base
    raise CannotRecover(f"There is no base backup in {archive} from before that moment.")


def _take_place(recovered: Path, former: PrivatePostgres) -> Path | None:
    """Wherever it is killed, the names tell how far it came: without `data`, `data.replaced` is what was there."""
    if former.has_files():
        former.data.rename(former.folder / REPLACED)
    recovered.rename(former.data)
    return _put_aside(former)


def _put_aside(former: PrivatePostgres) -> Path | None:
    replaced = former.folder / REPLACED
    if not replaced.exists():
        return None
    return replaced.rename(former.data.with_name(f"data.before-{datetime.now(UTC):%Y-%m-%d-%H%M%S}"))


def _tidy_after_one_that_was_killed(former: PrivatePostgres) -> None:
    """Put the former files back where nothing has taken their place, so that this one begins as that one did."""
    replaced = former.folder / REPLACED
    if replaced.exists() and not former.data.exists():
        replaced.rename(former.data)
    _put_aside(former)
