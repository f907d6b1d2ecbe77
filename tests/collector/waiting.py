"""Waiting until something holds in every worker."""

import time

IN_A_ROW = 20  # over new connections: by then every worker has answered


def until_all_workers_say(server, app_id, status, *, path="/api/track", seconds=1.0, **options):
    """Whether, from a second after now at the latest, requests to `path` are all answered with `status`.

    They store something only where a success is waited for.
    """
    payload = {"app_id": app_id} | ({"identity": "a", "event": "E"} if status == 200 else {})
    deadline = time.monotonic() + seconds
    in_a_row = 0
    while in_a_row < IN_A_ROW:
        answer = server.post(path, payload, **options)
        in_a_row = in_a_row + 1 if answer.status == status else 0
        if answer.status != status and time.monotonic() > deadline:
            return False
    return True
