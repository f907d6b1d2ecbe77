"""Base backups of the private database: copies of its files, from which what was archived since leads to any moment."""

import hashlib
import json
import shutil
import subprocess
import tarfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from heapadmin.backups import watched
from heapadmin.backups.timelines import Timelines, position
from heapadmin.postgres import PostgresError, PrivatePostgres, programs
from heapadmin.wal_archive import SEGMENT, SEGMENT_BYTES, WalArchive
from support.status.backups import AHEAD, archiving_fails

NAME = "base-%Y-%m-%d-%H%M%S.%f"  # the moment at which it was complete: it can be gone on from to any later one
NAME_OF_LEFT = NAME.replace("base", "left")  # made on a way that was left since, by going back to a moment before it
DRAFT = "base-new.unfinished"
KEPT = 2


def archive_of_this_server() -> WalArchive:
    """Raises PostgresError."""
    server = PrivatePostgres.of_installation(lambda words: None)
    if server.archive is None:
        raise PostgresError("WAL_ARCHIVE_DIR is not set.")
    try:
        return WalArchive.of(server.archive, server.data)
    except OSError as error:
        raise PostgresError(f"{server.data} cannot be read: {error.strerror}.") from error


def complete(place: WalArchive) -> list[Path]:
    """All that are complete, oldest first. One of the future, by a clock that was wrong, comes before all others."""
    latest = (datetime.now(UTC) + AHEAD).strftime(NAME)
    found = [path for path in place.folder.glob("base-*") if path.suffix != ".unfinished"]
    return sorted(found, key=lambda path: (path.name <= latest, path.name))


def before(place: WalArchive, moment: datetime | None) -> Path | None:
    """The last one that was complete at that moment (None: now)."""
    found = [base for base in complete(place) if moment is None or completed_at(base) <= moment]
    return found[-1] if found else None


def completed_at(base: Path) -> datetime:
    return datetime.strptime(base.name.replace("left", "base"), NAME).replace(tzinfo=UTC)


def first_segment(base: Path) -> str:
    """The name of the segment of the write-ahead log from which on a base backup needs them."""
    log = _log_of(base)
    high, low = position(log["Start-LSN"])
    return f"{log['Timeline']:08X}{high:08X}{low // SEGMENT_BYTES:08X}"


def _log_of(base: Path) -> dict[str, Any]:
    """The part of the write-ahead log that it needs: Timeline, Start-LSN, End-LSN."""
    [part] = json.loads((base / "backup_manifest").read_text())["WAL-Ranges"]  # only on a standby there are more
    return part  # type: ignore[no-any-return]


def wrong_files(base: Path) -> list[str]:
    """Files of a base backup that are not in it, or not what its manifest says. Reads all of it.

    It does what pg_verifybackup is for, which crashes in the wheel.
    """
    listed = json.loads((base / "backup_manifest").read_text())["Files"]
    missing = {file["Path"]: file["Checksum"] for file in listed}
    with tarfile.open(base / "base.tar.gz", "r|gz") as packed:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() else None
            if content and hashlib.file_digest(content, "sha256").hexdigest() == missing.get(member.name):  # type: ignore[arg-type]
                del missing[member.name]
    return sorted(missing)


# --- Ways that were left ----------------------------------------------------------------------------------------------
def name_by_way(place: WalArchive, data: Path) -> None:
    """Name them for whether the log leads from them to the present of the cluster in `data`: base-… or left-….

    PostgreSQL refuses to recover from one that is misnamed, so what cannot be read or renamed does no harm.
    """
    timelines = Timelines.of(data)
    for path in [*complete(place), *_left(place)]:
        with suppress(OSError, ValueError, LookupError):
            log = _log_of(path)
            leads_here = timelines.lead_from(log["Timeline"], position(log["End-LSN"]))
            path.rename(path.with_name(completed_at(path).strftime(NAME if leads_here else NAME_OF_LEFT)))


def is_of_an_earlier_timeline(base: Path) -> bool:
    """Whether this installation went back to a moment since it was made. One that cannot be read counts as such."""
    data = PrivatePostgres.of_installation(lambda words: None).data
    try:
        return bool(_log_of(base)["Timeline"] != Timelines.of(data).present)
    except (OSError, ValueError, LookupError):
        return True


def _left(place: WalArchive) -> list[Path]:
    return list(place.folder.glob("left-*"))


# --- Making one, and deleting old ones --------------------------------------------------------------------------------
def write() -> Path:
    """Copy the files of the running server to the archive, and verify the copy. Raises PostgresError."""
    server, place = PrivatePostgres.of_installation(lambda words: None), archive_of_this_server()
    draft = place.folder / DRAFT
    shutil.rmtree(draft, ignore_errors=True)  # of one that was killed
    copy = [str(programs() / "pg_basebackup"), f"--dbname={server.superuser_conninfo('postgres')}"]
    copy += [f"--pgdata={draft}", "--format=tar", "--compress=client-gzip:3", "--manifest-checksums=sha256"]
    copy += ["--wal-method=none", "--checkpoint=fast", "--no-password"]
    try:
        with psycopg.connect(server.superuser_conninfo("postgres"), autocommit=True) as connection:
            watched.run(
                copy,
                draft.parent,
                problem=lambda: _archiver_problem(connection),
                cwd="/",
                stdout=subprocess.DEVNULL,
                **server.as_its_user(),
            )
        if wrong := wrong_files(draft):
            raise PostgresError(f"The copy is not what its list of files says: {', '.join(wrong[:3])}.")
        done = draft.with_name(datetime.now(UTC).strftime(NAME))
        draft.rename(done)
    except (psycopg.Error, watched.Ended, OSError, tarfile.TarError) as error:
        raise PostgresError(str(error).strip()) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return done


def _archiver_problem(connection: psycopg.Connection) -> str:
    """pg_basebackup waits until what the copy needs is archived, however long that takes."""
    return "What the database writes cannot be archived; its log says why." if archiving_fails(connection) else ""


def delete_old() -> None:
    """Delete base backups that are kept no longer, and what only these need."""
    for path in old_files(archive_of_this_server()):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def old_files(place: WalArchive) -> list[Path]:
    """Base backups beyond those that are kept, left ones made before these, and write-ahead log that only they need."""
    found = complete(place)
    if len(found) < KEPT:
        return []
    kept = found[-KEPT]
    first = first_segment(kept)
    segments = ((path, SEGMENT.fullmatch(path.name)) for path in place.wal.iterdir())
    return [
        *found[:-KEPT],
        *(path for path in _left(place) if completed_at(path) < completed_at(kept)),
        *(path for path, name in segments if name and (name[1][:8] < first[:8] or name[1][8:] < first[8:])),
    ]
