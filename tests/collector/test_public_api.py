"""API keys, access tokens and deleting people, through real HTTP and a real worker."""

import base64
import gzip
import json
import uuid

import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import Activity
from collector.protocol.limits import MAX_DELETION_BYTES
from projects import api_keys
from projects.models import ApiKey, Project
from tests.servers import ALIAS, manage

AUTH, DELETION, STATUS = (f"/api/public/v0/{path}" for path in ("auth_token", "user_deletion", "deletion_status/"))
SECRET = "hak_something-long"
WITHOUT_ENVIRONMENT = uuid.UUID(int=7)  # the same in every process that collects the tests


def make_key(project, name="Nightly", secret=SECRET, **fields):
    secret = f"{secret}-{project.pk}"
    key = ApiKey.objects.using(ALIAS).create(
        project=project, name=name, digest=api_keys.digest(secret), ending=secret[-4:].rjust(4, "."), **fields
    )
    return key, secret


def basic(user, password):
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def shop(server, environment):
    """A server, an environment of it, and a key with its secret and a token."""
    return Shop(server, environment)


class Shop:
    def __init__(self, server, environment):
        self.server, self.environment, self.project = server, environment, environment.project
        self.key, self.secret = make_key(self.project)

    def auth(self, app_id=None, secret=None, **headers):
        given = basic(app_id or self.environment.app_id, self.secret if secret is None else secret)
        return self.server.request("POST", AUTH, b"", given | headers)

    @property
    def token(self):
        return json.loads(self.auth().body)["access_token"]

    def delete(self, *identities, token=None):
        users = {"users": [{"identity": identity} for identity in identities]}
        return self.server.post(DELETION, users, bearer(token or self.token))

    def ask(self, *identities):
        answer = self.delete(*identities)
        assert answer.status == 201, answer.text
        return json.loads(answer.body)["deletion_request_id"]

    def status(self, request_id, token=None):
        return self.server.request("GET", f"{STATUS}{request_id}", headers=bearer(token or self.token))

    def track(self, *identities, environment=None):
        events = [{"identity": identity, "event": "Order"} for identity in identities]
        self.post("/api/track", {"events": events}, environment)

    def post(self, path, payload, environment=None):
        answer = self.server.post(path, {"app_id": (environment or self.environment).app_id} | payload)
        assert answer.status == 200, answer.text

    def work(self):
        """Run the real worker until nothing is left to do."""
        manage(self.server.url, "procrastinate", "worker", "--one-shot")

    def rows(self, environment=None):
        environment = environment or self.environment
        return {
            table: self.server.query(f"select count(*) from {table} where environment_id = %s", environment.pk)[0][0]
            for table in ("events", "people", "merges")
        }

    def activity(self, verb):
        return Activity.objects.using(ALIAS).filter(account=self.project.account_id, verb=verb)


@pytest.fixture(autouse=True)
def no_attempts_yet(server):
    server.query("delete from cache_entries returning 1")


# --- Tokens -------------------------------------------------------------------------------------------------------


def test_a_key_fetches_a_token(shop):
    answer = shop.auth()

    assert answer.status == 200
    assert list(json.loads(answer.body)) == ["access_token"]
    assert answer.headers["content-type"] == "application/json"
    assert "no-store" in answer.headers["cache-control"]


def test_any_environment_of_the_project_does(shop):
    staging = shop.server.add_environment(shop.project, "Staging")

    assert shop.auth(app_id=staging.app_id).status == 200


@pytest.mark.parametrize("header", [
    {}, {"Authorization": ""}, {"Authorization": "Basic"}, {"Authorization": "Basic %%%"},
    {"Authorization": "Basic //79"}, basic("1234567890", ""), basic("", SECRET), basic("1234567890", SECRET),
    basic("0", "x" * 5_000), basic("a\0b", "c\0d"), {"Authorization": f"Bearer {SECRET}"},
])  # fmt: skip
def test_anything_else_is_401_and_says_how(server, header):
    answer = server.request("POST", AUTH, b"", header)

    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert answer.text.startswith("Unauthorized\n")


def test_a_key_of_another_project_is_401(shop):
    other = Shop(shop.server, shop.server.make_environment())

    assert shop.auth(secret=other.secret).status == 401
    assert shop.auth(app_id=other.environment.app_id).status == 401


def test_too_many_failures_from_one_address_are_429_whatever_is_sent_then(shop):
    failures = [shop.auth(secret="x").status for _ in range(30)]

    answer = shop.auth()

    assert set(failures) == {401}
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    assert (
        shop.server.request("POST", AUTH, b"", basic(shop.environment.app_id, shop.secret), "127.0.0.9").status == 200
    )


def test_success_is_not_counted(shop):
    assert {shop.auth().status for _ in range(35)} == {200}


@pytest.mark.parametrize(("method", "path", "allowed"), [
    ("GET", AUTH, "POST"), ("OPTIONS", AUTH, "POST"), ("GET", DELETION, "POST"), ("OPTIONS", DELETION, "POST"),
    ("POST", f"{STATUS}{WITHOUT_ENVIRONMENT}", "GET"), ("DELETE", DELETION, "POST"),
])  # fmt: skip
def test_other_methods_are_405_and_no_web_page_may_ask(server, method, path, allowed):
    answer = server.request(method, path, headers={"Origin": "https://evil.example"})

    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert "access-control-allow-origin" not in answer.headers


def test_no_answer_may_be_read_by_a_web_page(shop):
    request_id = shop.ask("ann")
    wrong = shop.server.post(DELETION, b"{", bearer(shop.token))

    answers = [shop.auth(), shop.auth(secret="x"), shop.delete("ann"), shop.status(request_id), wrong]

    assert [answer.status for answer in answers] == [200, 401, 201, 200, 400]
    assert all("access-control-allow-origin" not in answer.headers for answer in answers)


# --- Tokens that are none -----------------------------------------------------------------------------------------


def refused(shop, token):
    answers = [shop.delete("ann", token=token), shop.status(uuid.uuid4(), token=token)]
    assert all(answer.headers.get("www-authenticate", "").startswith("Bearer") for answer in answers)
    return [answer.status for answer in answers] == [401, 401]


def test_without_a_token_nothing_is_told(server):
    answers = [server.post(DELETION, {"users": []}), server.request("GET", f"{STATUS}{uuid.uuid4()}")]

    assert [answer.status for answer in answers] == [401, 401]


def test_a_key_is_no_token(shop):
    assert refused(shop, shop.secret)
    assert shop.server.request("GET", f"{STATUS}1", headers=basic(shop.environment.app_id, shop.secret)).status == 401


def test_a_token_is_no_key(shop):
    assert shop.auth(secret=shop.token).status == 401


@pytest.mark.parametrize("change", [lambda t: t[:-1], lambda t: t + "A", lambda t: "Mg" + t, lambda t: t.upper()])
def test_a_changed_token_is_none(shop, change):
    assert refused(shop, change(shop.token))


def revoke(shop):
    ApiKey.objects.using(ALIAS).filter(pk=shop.key.pk).update(revoked_at=timezone.now())


def close_account(shop):
    shop.project.account.closed_at = timezone.now()
    shop.project.account.save(using=ALIAS)


def delete_project(shop):
    Project.objects.using(ALIAS).filter(pk=shop.project.pk).update(deleting_at=timezone.now())


@pytest.mark.parametrize("close", [revoke, close_account, delete_project])
def test_what_is_closed_meanwhile_refuses_the_key_and_the_token(shop, close):
    token = shop.token

    close(shop)

    assert shop.auth().status == 401
    assert refused(shop, token)


def test_the_reverse_proxy_brings_these_to_the_pages_and_not_to_the_collector():
    collecting = (settings.BASE_DIR / "deploy/Caddyfile").read_text().partition("@collecting {")[2].partition("}")[0]

    assert "path /api/*" in collecting
    assert "not path /api/public/*" in collecting and AUTH.startswith("/api/public/")


# --- Asking -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("payload", "line"), [
    ({"users": [{"identity": "a"}, {"identity": ""}]}, "users[1].identity must have 1 to 255 characters"),
    ({"users": [{"identity": "a" * 256}]}, "users[0].identity must have 1 to 255 characters"),
    ({"users": [{}]}, "users[0].identity is missing"),
    ({"users": [{"identity": ["a"]}]}, "users[0].identity must be a string"),
    ({"users": ["a"]}, "users[0] must be an object"),
    ({"users": {"identity": "a"}}, "users must be an array"),
    ({"users": []}, "users must not be empty"),
    ({}, "users must be an array"),
    ({"users": [{"identity": "a"}] * 10_001}, "users holds more than 10,000"),
    (b"", "the body is empty"),
    (b"[]", "the body is not a JSON object"),
    (b'{"users": [{"identity": "\\u0000"}]}', "the body holds a NUL character (\\u0000)"),
    (b'{"users": [{"identity": "\\ud800"}]}', "the body is not valid JSON in UTF-8"),
    (b"[" * 100_000, "the body is nested deeper than 32 levels"),
])  # fmt: skip
def test_a_bad_body_is_400_and_names_what_is_wrong(shop, payload, line):
    answer = shop.server.post(DELETION, payload, bearer(shop.token))

    assert (answer.status, answer.text) == (400, f"Bad Request\n{line}\n")
    assert answer.headers["content-type"] == "text/plain"


def test_a_body_that_is_no_json_is_415(shop):
    answer = shop.server.request("POST", DELETION, b"a=1", bearer(shop.token) | {"Content-Type": "text/html"})

    assert answer.status == 415


@pytest.mark.parametrize(
    "body",
    [b" " * (MAX_DELETION_BYTES + 1), gzip.compress(b" " * (MAX_DELETION_BYTES + 1))],
    ids=["plain", "gzip"],
)
def test_a_body_that_is_too_large_is_413(shop, body):
    zipped = {"Content-Encoding": "gzip"} if len(body) < MAX_DELETION_BYTES else {}

    assert shop.server.post(DELETION, body, bearer(shop.token) | zipped).status == 413


def test_ten_thousand_of_the_longest_identities_are_accepted(shop):
    longest = [f"{number:04}" + "\U0001f600" * 251 for number in range(10_000)]
    body = json.dumps({"users": [{"identity": identity} for identity in longest]}, ensure_ascii=False).encode()
    assert len(body) > 10**7

    answer = shop.server.post(DELETION, body, bearer(shop.token))

    assert answer.status == 201, answer.text
    status = json.loads(shop.status(json.loads(answer.body)["deletion_request_id"]).body)
    assert (status["users"], status["status"]) == (10_000, "pending")


def test_the_answer_tells_where_to_ask(shop):
    answer = json.loads(shop.delete("ann").body)

    assert answer["status"] == "pending"
    assert answer["deletion_request_location"] == f"{shop.server.base_url}{STATUS}{answer['deletion_request_id']}"
    assert str(uuid.UUID(answer["deletion_request_id"])) == answer["deletion_request_id"]


# --- Deleting -----------------------------------------------------------------------------------------------------


def test_people_and_the_visitors_they_were_are_gone_in_all_environments_of_the_project(shop):
    staging = shop.server.add_environment(shop.project, "Staging")
    for environment in (shop.environment, staging):
        shop.track("ann", "ann", "bea", environment=environment)
        shop.post("/api/track", {"event": "Visit", "user_id": 42}, environment)
        shop.post("/api/v1/identify", {"identity": "ann", "user_id": 42}, environment)
    request_id = shop.ask("ann", "nobody", "ann")

    shop.work()

    status = json.loads(shop.status(request_id).body)
    assert {key: status[key] for key in ("status", "users", "users_done", "rows_deleted")} == {
        "status": "complete",
        "users": 2,
        "users_done": 2,
        "rows_deleted": {"events": 6, "people": 2, "merges": 2},
    }
    assert status["requested_at"] <= status["started_at"] <= status["completed_at"]
    assert shop.rows() == shop.rows(staging) == {"events": 1, "people": 1, "merges": 0}


def test_the_same_people_of_others_stay(shop):
    elsewhere = [
        shop.server.make_environment(),
        shop.server.add_environment(Project.objects.using(ALIAS).create(account=shop.project.account, name="2"), "P"),
    ]
    for environment in elsewhere:
        shop.track("ann", environment=environment)
    shop.track("ann")
    shop.ask("ann")

    shop.work()

    assert [shop.rows(environment)["events"] for environment in elsewhere] == [1, 1]
    assert shop.rows() == {"events": 0, "people": 0, "merges": 0}


def test_who_comes_back_is_somebody_new(shop):
    shop.track("ann")
    shop.ask("ann")
    shop.work()

    shop.track("ann")

    assert shop.rows() == {"events": 1, "people": 1, "merges": 0}


def test_identities_are_dropped_when_they_are_done(shop):
    request_id = shop.ask("ann@shop.example")

    shop.work()

    assert shop.server.query("select 1 from collector_deletiontarget where request_id = %s", request_id) == []
    kept = shop.server.query("select row_to_json(r)::text from collector_deletionrequest r where id = %s", request_id)
    assert "ann@" not in kept[0][0]


def test_the_activity_says_which_key_asked_and_what_went_and_names_nobody(shop):
    shop.track("ann@shop.example")
    request_id = shop.ask("ann@shop.example")
    shop.work()

    asked, done = (shop.activity(f"person.{verb}_by_api").get() for verb in ("delete", "deleted"))

    assert (asked.by_name, asked.target, asked.address) == ("API key Nightly", "1 person", "127.0.0.1")
    assert done.details == {
        "project": "Shop",
        "request": request_id,
        "events": 1,
        "people": 1,
        "merges": 0,
    }
    assert "ann@" not in str([asked.details, done.details])


def test_a_key_that_is_revoked_and_an_account_that_is_closed_stop_nothing_that_was_asked_for(shop):
    shop.track("ann")
    request_id = shop.ask("ann")
    revoke(shop)
    close_account(shop)

    shop.work()

    assert shop.rows()["events"] == 0
    assert shop.server.query(
        "select 1 from collector_deletionrequest where id = %s and done_at is not null", request_id
    )


def test_excluded_addresses_may_ask(shop):
    shop.server.exclude("127.0.0.1", account=shop.project.account)

    assert shop.delete("ann").status == 201


# --- How far it is ------------------------------------------------------------------------------------------------


def test_a_deletion_of_another_project_is_404(shop):
    other = Shop(shop.server, shop.server.make_environment())
    request_id = other.ask("ann")

    assert shop.status(request_id).status == 404
    assert other.status(request_id).status == 200


def test_another_key_of_the_project_may_look(shop):
    request_id = shop.ask("ann")
    revoke(shop)
    shop.key, shop.secret = make_key(shop.project, "Second", "hak_second")

    assert shop.status(request_id).status == 200


@pytest.mark.parametrize("request_id", [WITHOUT_ENVIRONMENT, "1", "x" * 200, "%00", "-1"])
def test_an_id_that_is_none_is_404(shop, request_id):
    answer = shop.status(request_id)

    assert (answer.status, answer.text) == (404, "Not Found\nno such deletion in this project\n")
