"""Writing an export page by page. Each part is a whole gzip member, so writing can stop and continue after any part."""

import gzip
import time
from datetime import datetime

import orjson
from django.db import transaction
from django.utils import timezone

from common import jobs
from projects.tables import AccountScope
from support.exports.actions import LINK_LIVES, digest_of, recipients, secret_of
from support.exports.models import AccountExport, ExportPart, ExportState
from support.exports.pieces import Piece, pieces

PAGE_ROWS = 5_000
PART_BYTES = 4 * 2**20  # before compression
COMPRESSION = 6


def run(export_id: int, *, seconds: float) -> bool:
    """Write for about `seconds`. Returns True if nothing is left to do, False to continue later."""
    deadline = time.monotonic() + seconds
    while True:
        with transaction.atomic():
            export = AccountExport.objects.select_for_update().select_related("account").filter(pk=export_id).first()
            if export is None or export.state not in (ExportState.WAITING, ExportState.RUNNING):
                return True
            if export.account.closed_at is not None:
                _fail(export, "The account was closed.")
                return True
            if not _write_part(export):
                _publish(export)
                return True
        if time.monotonic() > deadline:
            return False


def _write_part(export: AccountExport) -> bool:
    """Add one part. Returns False if nothing was left to write."""
    todo = pieces(AccountScope.from_json(export.cursor["scope"]))
    text = bytearray() if export.cursor.get("piece") else bytearray(_heading(export))
    position = _position(todo, export.cursor.get("piece"))
    started_with = position
    after = export.cursor.get("after")
    while position < len(todo) and len(text) < PART_BYTES:
        piece = todo[position]
        rows = piece.page(after, PAGE_ROWS)
        for row in rows:
            text += b'{"table":' + orjson.dumps(piece.table) + b',"row":' + row[0].encode() + b"}\n"
        if rows:
            export.rows[piece.table] = export.rows.get(piece.table, 0) + len(rows)
        after = list(rows[-1][1:]) if len(rows) == PAGE_ROWS else None
        if after is None:
            position += 1
    if not text and position == started_with:
        return False
    _store_part(export, bytes(text))
    export.cursor["piece"] = todo[position].name if position < len(todo) else "end"
    export.cursor["after"] = after
    export.state = ExportState.RUNNING
    export.save(update_fields=["cursor", "rows", "state", "size_bytes"])
    return True


def _heading(export: AccountExport) -> bytes:
    heading = {"heapadmin_export": 1, "account": export.account.name, "account_id": export.account_id}
    return orjson.dumps(heading | {"asked_at": export.asked_at}) + b"\n"


def _position(todo: list[Piece], name: str | None) -> int:
    if name is None:
        return 0
    return next((position for position, piece in enumerate(todo) if piece.name == name), len(todo))


def _store_part(export: AccountExport, text: bytes) -> None:
    if not text:
        return
    content = gzip.compress(text, COMPRESSION, mtime=0)
    ExportPart.objects.create(export=export, number=export.parts.count(), content=content)
    export.size_bytes += len(content)


def _publish(export: AccountExport, now: datetime | None = None) -> None:
    now = now or timezone.now()
    export.state, export.ready_at, export.expires_at = ExportState.READY, now, now + LINK_LIVES
    export.digest = digest_of(secret_of(export))
    export.save(update_fields=["state", "ready_at", "expires_at", "digest"])
    for user in recipients(export):  # one job each: retries repeat no other mail
        jobs.defer("support.mail_export", export_id=export.pk, user_id=user.pk)


def _fail(export: AccountExport, problem: str) -> None:
    export.parts.all().delete()
    export.state, export.problem = ExportState.FAILED, problem
    export.save(update_fields=["state", "problem"])
