"""The archive of what the private database writes (WAL_ARCHIVE_DIR): its write-ahead log, and base backups.

Each cluster has a folder in it, named by PostgreSQL's number for it: files of another cluster have the same names.

    7512345678901234567/wal/000000010000000000000007.gz
    7512345678901234567/base-2026-03-17-023702.530000/base.tar.gz, backup_manifest
"""

import re
import shlex
import struct
from dataclasses import dataclass
from pathlib import Path

SEGMENT = re.compile(r"([0-9A-F]{24})(?:\.partial|\.[0-9A-F]{8}\.backup)?\.gz")
SEGMENT_BYTES = 16 * 2**20
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


def _in_command(path: Path) -> str:
    """A path in a command of PostgreSQL's, in which % begins a placeholder, for the shell."""
    return shlex.quote(str(path)).replace("%", "%%")
