"""The archive of what the private database writes (WAL_ARCHIVE_DIR): PostgreSQL's write-ahead log, and base backups.

Each cluster has a folder in it, named by PostgreSQL's number for it: files of another cluster have the same names.

    7512345678901234567/wal/000000010000000000000007.gz
    7512345678901234567/base-2026-03-17-023702.530000/base.tar.gz, backup_manifest
"""

import hashlib
import json
import re
import shlex
import struct
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BASE = "base-%Y-%m-%d-%H%M%S.%f"  # the moment at which it was complete: it can be gone on from to any later one
SEGMENT = re.compile(r"([0-9A-F]{24})(?:\.partial|\.[0-9A-F]{8}\.backup)?\.gz")
SEGMENT_BYTES = 16 * 2**20
BASES_KEPT = 2
# A file that is there is the same one, archived just before a crash, or something is wrong: it is never overwritten.
ARCHIVE = (
    'to={wal}/%f.gz; if [ -e "$to" ]; then gzip -dc "$to" | cmp -s - %p; '
    'else gzip -3 < %p > "$to.part" && sync "$to.part" && mv "$to.part" "$to" && sync {wal}; fi'
)
RESTORE = "gzip -dc {wal}/%f.gz > %p"


@dataclass(frozen=True)
class WalArchive:
    """The part of one cluster."""

    folder: Path

    @classmethod
    def of(cls, archive: Path, data: Path) -> "WalArchive":
        """Of the cluster whose files are in `data`. Its number is what pg_control begins with."""
        [number] = struct.unpack("=Q", (data / "global/pg_control").read_bytes()[:8])
        return cls(archive / str(number))

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    @property
    def archive_command(self) -> str:
        return ARCHIVE.format(wal=_in_command(self.wal))

    @property
    def restore_command(self) -> str:
        return RESTORE.format(wal=_in_command(self.wal))

    def bases(self) -> list[Path]:
        """All that are complete, oldest first."""
        return sorted(path for path in self.folder.glob("base-*") if path.suffix != ".unfinished")

    def base_before(self, moment: datetime | None) -> Path | None:
        """The last base backup that was complete at that moment (None: now)."""
        found = [base for base in self.bases() if moment is None or completed_at(base) <= moment]
        return found[-1] if found else None

    def old_files(self) -> list[Path]:
        """Base backups beyond those that are kept, and write-ahead log that only these need."""
        bases = self.bases()
        if len(bases) < BASES_KEPT:
            return []
        first = first_segment(bases[-BASES_KEPT])
        found = ((path, SEGMENT.fullmatch(path.name)) for path in self.wal.iterdir())
        return bases[:-BASES_KEPT] + [path for path, name in found if name and name[1][8:] < first[8:]]


def completed_at(base: Path) -> datetime:
    return datetime.strptime(base.name, BASE).replace(tzinfo=UTC)


def first_segment(base: Path) -> str:
    """The name of the segment of the write-ahead log from which on a base backup needs them."""
    start = json.loads((base / "backup_manifest").read_text())["WAL-Ranges"][0]
    high, low = (int(part, 16) for part in start["Start-LSN"].split("/"))
    return f"{start['Timeline']:08X}{high:08X}{low // SEGMENT_BYTES:08X}"


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


def _in_command(path: Path) -> str:
    """A path in a command of PostgreSQL's, in which % begins a placeholder, for the shell."""
    return shlex.quote(str(path)).replace("%", "%%")
