"""How many files are streamed at once from this process: each keeps a thread as long as its client reads."""

import threading
from collections import Counter
from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

Pieces = Iterator[str] | Iterator[bytes]

FOR_A_PERSON = 3
FOR_ALL = 5  # of the 8 threads for pages (heapadmin/pages.py)
RETRY_SECONDS = 30
TOO_MANY = "Other downloads are still running. Start this one when they are done.\n"

_lock = threading.Lock()
_running: Counter[int] = Counter()  # by user id


class _Download:
    """The pieces of a file. StreamingHttpResponse calls `close` at the end, however that comes."""

    def __init__(self, pieces: Pieces, user_id: int) -> None:
        self._pieces = pieces
        self._user_id: int | None = user_id

    def __iter__(self) -> Pieces:
        return self._pieces

    def close(self) -> None:
        with _lock:
            if self._user_id is not None:
                _running[self._user_id] -= 1
                self._user_id = None

    __del__ = close  # of an answer that was thrown away


def response(pieces: Pieces, user_id: int, *, content_type: str, file_name: str) -> HttpResponseBase:
    """The file as a download; 429 in words where this person, or all together, have too many running."""
    with _lock:
        if _running[user_id] >= FOR_A_PERSON or _running.total() >= FOR_ALL:
            return HttpResponse(
                TOO_MANY, status=429, content_type="text/plain; charset=utf-8", headers={"Retry-After": RETRY_SECONDS}
            )
        _running[user_id] += 1
    answer = StreamingHttpResponse(_Download(pieces, user_id), content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return answer
