"""Waiting until something holds in every worker."""

import time

IN_A_ROW = 20  # over new connections, spread over the time in which workers learn of a change
LEARNT_SECONDS = 1.0  # until a change is known to every worker; waited out, because an idle one may answer all


def until_all_workers_say(server, app_id, status, *, path="/api/track", **options):
    """Whether, from a second after now at the latest, requests to `path` are all answered with `status`.

    They store something only where a success is waited for.
    """
    payload = {"app_id": app_id} | ({"identity": "a", "event": "E"} if status == 200 else {})
    began = time.monotonic()
    in_a_row = 0
    while in_a_row < IN_A_ROW or time.monotonic() < began + LEARNT_SECONDS:
        answer = server.post(path, payload, **options)
        in_a_row = in_a_row + 1 if answer.status == status else 0
        if answer.status != status and time.monotonic() > began + LEARNT_SECONDS:
            return False
        time.sleep(LEARNT_SECONDS / IN_A_ROW / 2)
    return True
