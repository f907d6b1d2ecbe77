"""The Python client of docs/read-api.md, run as it stands there against a real server."""

import re

import pytest
from django.conf import settings

from accounts.models import Membership, User
from analytics.models import Report
from projects.api_tokens import tokens
from projects.models import ApiToken, TokenScope
from tests.servers import ALIAS

CLIENT, EXAMPLE = re.findall(
    r"```python\n(.*?)```", (settings.BASE_DIR / "docs/read-api.md").read_text(), re.DOTALL | re.MULTILINE
)


def make_token(project):
    """The secret of a token for everything, of a person with full access, in the running server's database."""
    secret = tokens.new_secret()
    user = User.objects.using(ALIAS).create(email=f"reader{project.pk}@shop.example")
    membership = Membership.objects.using(ALIAS).create(account_id=project.account_id, user=user)
    ApiToken.objects.using(ALIAS).create(
        project=project,
        membership=membership,
        created_by=user,
        name="Weekly",
        scopes=TokenScope.values,
        digest=tokens.digest(secret),
        ending=secret[-4:],
    )
    return secret


@pytest.fixture
def client(server, environment, monkeypatch):
    monkeypatch.setenv("HEAPADMIN_TOKEN", make_token(environment.project))
    names = {}
    exec(CLIENT.replace("https://analytics.example.com", server.base_url), names)
    return names


def test_the_example_prints_each_report_with_its_rows(server, environment, client, capsys):
    server.post("/api/track", {"app_id": environment.app_id, "identity": "ada@shop.example", "event": "Signed up"})
    body = {"parameters": [["event", "event:Signed up"], ["days", "30"]]}
    Report.objects.using(ALIAS).create(environment=environment, name="Signups", kind="graph", body=body)

    exec(EXAMPLE, client)

    printed = capsys.readouterr().out
    assert printed.startswith("Signups [{") and "'Whole range'" in printed


def test_it_follows_pages_and_says_what_is_wrong(server, environment, client):
    for number in range(3):
        Report.objects.using(ALIAS).create(
            environment=environment, name=f"Report {number}", kind="users", body={"parameters": []}
        )
    place = f"environments/{environment.app_id}"

    assert len({row["id"] for row in client["every"](f"{place}/reports", limit=1)}) == 3
    with pytest.raises(SystemExit, match="errors says of each parameter why"):
        client["answer"](f"{place}/questions/graph", days="never")
    with pytest.raises(SystemExit, match="no environment with this app_id"):
        client["answer"]("environments/123/questions/graph")


def test_the_token_opens_nothing_once_revoked(server, environment, client):
    assert list(client["every"]("environments"))

    ApiToken.objects.using(ALIAS).filter(project=environment.project).update(revoked_at="2026-01-01T00:00:00Z")

    with pytest.raises(SystemExit, match="revoked"):
        list(client["every"]("environments"))
