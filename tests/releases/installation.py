"""A small installation of the last release, and what a version of Heapadmin says about it.

The code of commit cf7b9dd wrote `last.backup.xz`, and `last.json`, which is what it said about that. For a newer
release, with the requirements of its own and this folder's path in TO:

    git worktree add ../release COMMIT
    cd ../release && python "$TO"/installation.py make

In the checkout of any version, `installation.py say` prints what that says about the database of DATABASE_URL.
It uses what a release offers to others, and as little as possible of the code that it finds.
"""
# ruff: noqa: PLC0415  # that code is imported once the environment says which database it has

import base64
import json
import lzma
import os
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)  # the sample ends then
DAYS = 5
LOGIN = {"login": "ada@shop.example", "password": "a release of long ago"}
WORKS_WITH = {"SECRET_KEY": "of the last release, and of this one", "DJANGO_SETTINGS_MODULE": "heapadmin.settings"}
PERSON = "select identity from people where identity is not null order by identity limit 1"
JOBS = "select task_name, args from procrastinate_jobs where status = 'todo' order by id"
API = "/api/public/v0/"
JSON = "application/json"


def make(folder):
    """Write `last.backup.xz` and `last.json` into `folder`, by the code of the working folder."""
    os.environ |= WORKS_WITH
    with tempfile.TemporaryDirectory() as data:
        os.environ |= {"DATA_DIR": data, "DATABASE_URL": ""}
        from heapadmin.postgres import PrivatePostgres

        server = PrivatePostgres(Path(data) / "postgres", durable=False)
        server.start()
        try:
            asked = fill()
            said = asked | {"answers": answers(asked)}
            from heapadmin.backups import dump

            file = Path(data) / "last.backup"
            dump.write(file)
            (folder / "last.backup.xz").write_bytes(lzma.compress(file.read_bytes(), preset=9))
        finally:
            server.stop()
    (folder / "last.json").write_text(json.dumps(said, indent=1, default=str) + "\n")


def fill():
    """An account with events, reports, a key, counted days and a job that waits; what there is to ask about."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from accounts.models import User
    from analytics.jobs import count_days
    from analytics.models import Report
    from heapadmin import sample
    from projects import actions
    from projects.models import Environment

    call_command("migrate", verbosity=0)
    call_command("createaccount", email=LOGIN["login"], password=LOGIN["password"], account="Shop")
    user, environment = User.objects.get(), Environment.objects.get()
    sample.DAYS = DAYS
    sample.fill(environment, user, MOMENT)
    count_days(timestamp=int(datetime.now(UTC).timestamp()))
    _, secret = actions.create_api_key(project=environment.project, name="Shop's server", by=user)
    with connection.cursor() as cursor:
        cursor.execute(PERSON)
        (identity,) = cursor.fetchone()
    links = {
        report.name: of_those_days([["kind", report.kind], *report.body["parameters"]])
        for report in Report.objects.order_by("name")
    }
    links["Everybody"] = [["kind", "users"]]
    asked = {"app_id": environment.app_id, "secret": secret, "links": links, "person": identity}
    asked["deletion"] = ask_to_delete(asked)
    return asked


def of_those_days(parameters):
    """The parameters of a link that means the same days whenever it is opened."""
    kept = [[name, value] for name, value in parameters if name not in ("days", "from", "to")]
    first = (MOMENT - timedelta(days=DAYS)).date()
    return [*kept, ["days", "custom"], ["from", str(first)], ["to", str(MOMENT.date())]]


def client():
    from django.test import Client

    return Client(SERVER_NAME="127.0.0.1")


def bearer(asked):
    basic = base64.b64encode(f"{asked['app_id']}:{asked['secret']}".encode()).decode()
    given = client().post(f"{API}auth_token", headers={"Authorization": f"Basic {basic}"})
    assert given.status_code == 200, given.content
    return {"Authorization": f"Bearer {given.json()['access_token']}"}


def ask_to_delete(asked):
    """Its job waits, since no worker runs."""
    body = {"users": [{"identity": asked["person"]}]}
    answer = client().post(f"{API}user_deletion", body, content_type=JSON, headers=bearer(asked))
    assert answer.status_code == 201, answer.content
    return answer.json()["deletion_request_id"]


def answers(asked):
    """What this version says: to whoever signs in, and to a program with the key."""
    from django.db import connection

    browser = client()
    signed_in = browser.post("/login/login/", LOGIN)
    said = {"signed in": signed_in.status_code}
    for name, parameters in asked["links"].items():
        answer = browser.get(f"/env/{asked['app_id']}/export/", dict(map(tuple, parameters)))
        said[name] = b"".join(answer).decode().splitlines()
    status = client().get(f"{API}deletion_status/{asked['deletion']}", headers=bearer(asked)).json()
    said["deletion"] = {name: status[name] for name in ("status", "users", "users_done")}
    with connection.cursor() as cursor:
        cursor.execute(JOBS)
        said["jobs that wait"] = [[task, json.loads(args) if isinstance(args, str) else args] for task, args in cursor]
        cursor.execute("select count(*) from rollup_days")
        (said["counted days"],) = cursor.fetchone()
    return said


def say(folder):
    import django

    django.setup()
    asked = json.loads((folder / "last.json").read_text())
    print(json.dumps(answers(asked), default=str))


if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    {"make": make, "say": say}[sys.argv[1]](Path(__file__).parent)
