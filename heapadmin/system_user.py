"""PostgreSQL refuses to run as root. If we are root, this module picks a system user for it and gives it access."""

import os
import pwd
import shutil
import stat
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

USER_NAME = "heapadmin"  # created with useradd at the first start as root
FALLBACK_USER_NAME = "nobody"  # if no user can be created: a read-only /etc, no useradd

ACL_ATTRIBUTE = "system.posix_acl_access"
ACL_HEADER = struct.Struct("<I")  # version, always 2
ACL_ENTRY = struct.Struct("<HHI")  # tag, permissions, id
ACL_USER_OBJ, ACL_USER, ACL_GROUP_OBJ, ACL_MASK, ACL_OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
ACL_NO_ID = 0xFFFFFFFF
EXECUTE = 1


class Unreachable(Exception):
    """The system user cannot reach a folder that PostgreSQL needs; the message says which."""


@dataclass(frozen=True)
class Runner:
    """The system user that runs PostgreSQL: `uid` and `gid`, both None if it is our own user."""

    uid: int | None = None
    gid: int | None = None

    def popen_arguments(self) -> dict[str, object]:
        """Arguments for subprocess to start a program as this user."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give `path` to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def runner_for(folder: Path) -> Runner:
    """The user for PostgreSQL on `folder`: our own, or, if we are root, the folder's owner or a user created for it."""
    if os.geteuid() != 0:
        return Runner()
    if folder.exists() and (status := folder.stat()).st_uid != 0:
        return Runner(status.st_uid, status.st_gid)
    entry = _known_user(USER_NAME) or _new_user() or _known_user(FALLBACK_USER_NAME)
    if entry is None:
        raise Unreachable("PostgreSQL cannot run as root, and no other system user could be found or made.")
    return Runner(entry.pw_uid, entry.pw_gid)


def _known_user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _new_user() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    command = [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER_NAME]
    subprocess.run(command, check=False, capture_output=True)  # noqa: S603
    return _known_user(USER_NAME)


def let_in(runner: Runner, folder: Path, say: Callable[[str], None]) -> None:
    """Make sure that `runner` can reach `folder`, opening the folders above as little as possible.

    A folder that others may not pass through gets an access entry for this one user. If the file system has no
    such entries, all others may pass through it, but not list it. Raises Unreachable if that does not help.
    """
    if _can_enter(runner, folder):
        return
    closed = [place for place in (folder, *folder.parents) if _closed_to(runner, place.stat())]
    for opening in (_admit_user, _admit_others):
        for place in closed:
            opening(place, runner)
        if _can_enter(runner, folder):
            say(f"PostgreSQL's system user may now pass through {', '.join(map(str, closed))} (not list it).")
            return
    raise Unreachable(f"PostgreSQL's system user (uid {runner.uid}) cannot reach {folder}.")


def let_read(runner: Runner, folder: Path) -> None:
    """Make everything in `folder` (the installed PostgreSQL) readable for `runner`: pip may have left it private."""
    if runner.uid is None:
        return
    for parent, _, names in os.walk(folder):
        _add_mode(Path(parent), stat.S_IROTH | stat.S_IXOTH)
        for name in names:
            path = Path(parent, name)
            executable = path.stat().st_mode & stat.S_IXUSR
            _add_mode(path, stat.S_IROTH | (stat.S_IXOTH if executable else 0))


def _add_mode(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(stat.S_IMODE(mode) | bits)


def _can_enter(runner: Runner, folder: Path) -> bool:
    if runner.uid is None:
        return True
    command = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
    result = subprocess.run(  # noqa: S603
        command,
        check=False,
        capture_output=True,
        cwd="/",
        user=runner.uid,
        group=runner.gid,
        extra_groups=[],
    )
    return result.returncode == 0


def _closed_to(runner: Runner, status: os.stat_result) -> bool:
    return status.st_uid != runner.uid and not status.st_mode & stat.S_IXOTH


def _admit_others(place: Path, runner: Runner) -> None:
    _add_mode(place, stat.S_IXOTH)


def _admit_user(place: Path, runner: Runner) -> None:
    """Add an access entry `user:<uid>:--x` to `place`. Does nothing if the file system has no such entries."""
    if not hasattr(os, "setxattr"):
        return
    try:
        entries = _access_entries(place)
        entries[ACL_USER, runner.uid or 0] = EXECUTE
        group_permissions = entries[ACL_GROUP_OBJ, ACL_NO_ID]
        entries[ACL_MASK, ACL_NO_ID] = entries.get((ACL_MASK, ACL_NO_ID), group_permissions) | EXECUTE
        packed = [ACL_ENTRY.pack(tag, bits, who) for (tag, who), bits in sorted(entries.items())]
        os.setxattr(place, ACL_ATTRIBUTE, ACL_HEADER.pack(2) + b"".join(packed))
    except OSError:
        return


def _access_entries(place: Path) -> dict[tuple[int, int], int]:
    """The access entries of `place`: (tag, id) to permissions. If it has none, those that its mode stands for."""
    try:
        raw = os.getxattr(place, ACL_ATTRIBUTE)
    except OSError:
        mode = place.stat().st_mode
        return {
            (ACL_USER_OBJ, ACL_NO_ID): mode >> 6 & 7,
            (ACL_GROUP_OBJ, ACL_NO_ID): mode >> 3 & 7,
            (ACL_OTHER, ACL_NO_ID): mode & 7,
        }
    return {(tag, who): bits for tag, bits, who in ACL_ENTRY.iter_unpack(raw[ACL_HEADER.size :])}
