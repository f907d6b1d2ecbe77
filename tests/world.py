"""Two complete accounts, as isolation and access tests need them. Add here what your URLs name."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from accounts.models import Account, Invitation, RolesByProject, User
from accounts.sso.models import IdentityProvider
from analytics.alerts.models import Alert, Webhook
from analytics.labelling.models import ConfirmedSite
from analytics.models import Carry, Dashboard, Definition, Note, Report, Segment
from analytics.shared_links.secret import secret_of
from common import links
from events.models import Person
from projects.models import Environment, Removal
from tests.accounts.factories import ScimTokenFactory
from tests.analytics.factories import SharedLinkFactory
from tests.analytics.subscriptions.factories import SubscriptionFactory
from tests.factories import ApiKeyFactory, ApiTokenFactory, EnvironmentFactory, MembershipFactory, UserFactory


@dataclass
class World:
    """One account with every role in it, and what its URLs name; `theirs` is another such account."""

    account: Account
    users: dict[str, User]
    ids: dict[str, Any] = field(default_factory=dict)
    theirs: "World | None" = None

    def client(self, role: str) -> Client:
        """A browser in which somebody of this role is signed in."""
        client = Client()
        if role != "anonymous":
            client.force_login(self.users[role])
        return client

    def url(self, name: str, **instead: Any) -> str:
        """The URL of a view, about things of this account; `instead` names other ids for some of them."""
        return reverse(name, kwargs={key: instead.get(key, self.ids[key]) for key in PARAMS[name]})


def make_account() -> World:
    """An account with two full-access teammates, a read-only one, an open invitation and one environment.

    It has access by project, and nothing is chosen: read-only people look everywhere, as without.
    """
    environment = EnvironmentFactory(project__account__roles_by_project=RolesByProject.READ_ONLY)
    account = environment.project.account
    full = MembershipFactory(account=account).user
    MembershipFactory(account=account)
    read_only = MembershipFactory(account=account, read_only=True)
    ids = {
        "account_id": account.pk,
        "membership_id": read_only.pk,
        "invitation_id": make_invitation(account, full, read_only=True).pk,
        "provider_id": add_provider(account).pk,
        "scim_token_id": ScimTokenFactory(account=account).pk,
        "domain_id": account.sso_domains.create(domain="shop.example", nonce="nonce", digest=f"{account.pk}").pk,
        "project_id": environment.project_id,
        "api_key_id": ApiKeyFactory(project=environment.project).pk,
        "api_token_id": ApiTokenFactory(
            project=environment.project, membership=account.memberships.get(user=full), name="Weekly"
        ).pk,
        "app_id": environment.app_id,
        "environment_id": environment.pk,
        "actor_id": add_person(environment),
        "lineage": (lineage := add_kept(environment)),
        "tile": lineage,
        "site_id": ConfirmedSite.objects.create(environment=environment, origin="https://shop.example").pk,
        "shared_link_id": (shared := SharedLinkFactory(environment=environment, noun="dashboard", lineage=lineage)).pk,
        "secret": secret_of(shared),
        "alert_id": add_alert(environment, lineage),
        "webhook_id": Webhook.objects.create(
            environment=environment, name="Pager", secret_url="https://pager.example/hook", nonce=links.new_nonce()
        ).pk,
        "subscription_id": SubscriptionFactory(
            environment=environment,
            membership=account.memberships.get(user=full),
            noun="dashboard",
            lineage=lineage,
        ).pk,
        "note_id": Note.objects.create(environment=environment, at=timezone.now(), is_day=False, text="Deployed").pk,
    }
    Removal.objects.create(
        account=account,
        name="Old shop",
        scope={"environment_id": []},
        project_number=environment.project_id,
        expected=1,
    )
    return World(account, {"full": full, "read_only": read_only.user}, ids)


def add_provider(account: Account) -> IdentityProvider:
    """A provider that is switched on, and that nobody can reach."""
    now = timezone.now()
    return IdentityProvider.objects.create(
        account=account,
        slug=f"provider{account.pk}",
        protocol="oidc",
        name="Example",
        issuer="http://nowhere.example",
        client_id="heapadmin",
        tested_at=now,
        switched_on_at=now,
    )


def add_person(environment: Environment) -> int:
    """A visitor whose number no other environment has."""
    now = timezone.now()
    number = 1000 + environment.pk
    Person.objects.create(environment_id=environment.pk, actor_id=number, first_seen_at=now, last_seen_at=now)
    return number


def add_kept(environment: Environment) -> uuid.UUID:
    """A definition, a segment, a report and a dashboard with it, all of the same lineage, which their URLs name."""
    lineage = uuid.uuid4()
    known = {"field": "person:identity", "op": "exists", "value": ""}
    bodies = {
        Definition: {
            "alternatives": [{"event": "builtin:pageview", "where": {"match": "all", "conditions": []}}],
        },
        Segment: {"match": "all", "groups": [{"match": "all", "clauses": [known]}]},
    }
    for model, body in bodies.items():
        model.objects.create(environment=environment, lineage=lineage, name=f"{model.__name__} kept", body=body)
    report = Report.objects.create(
        environment=environment,
        lineage=lineage,
        name="Report kept",
        kind="graph",
        body={"parameters": [["event", "builtin:pageview"]]},
    )
    tile = {"id": str(lineage), "size": "medium", "shows": "answer", "report": str(report.lineage)}
    tiles = [tile, {"id": str(uuid.uuid4()), "heading": "Kept"}]
    Dashboard.objects.create(environment=environment, lineage=lineage, name="Dashboard kept", body={"tiles": tiles})
    Dashboard.objects.create(environment=environment, name="Another", body={"tiles": []})
    return lineage


def add_alert(environment: Environment, lineage: uuid.UUID) -> int:
    """An alert on the report of this lineage."""
    judged = {"figure": "interval", "unit": "day", "rule": "above", "fires_at": 5, "over_at": 5}
    alert = Alert.objects.create(
        environment=environment, name="Many views", watches="report", lineage=lineage, **judged
    )
    return alert.pk


def alert_on_views(world: World) -> dict[str, Any]:
    """What the form of an alert sends."""
    body = {"watches": "report", "name": "Few views", "report": world.ids["lineage"], "unit": "day", "rule": "below"}
    told = {"recipients": [world.ids["membership_id"]], "webhooks": [world.ids["webhook_id"]]}
    return body | told | {"figure": "interval", "fires_at": "3", "measured": "percent"}


def other_environment(world: World) -> Environment:
    """A second environment of the account's project; the segment of the same lineage has another name there."""
    staging, is_new = Environment.objects.get_or_create(project_id=world.ids["project_id"], name="Staging")
    if is_new:
        segment = Segment.objects.get(environment_id=world.ids["environment_id"], lineage=world.ids["lineage"])
        Segment.objects.create(environment=staging, lineage=segment.lineage, name="Known people", body=segment.body)
    return staging


def carried_over(world: World) -> Carry:
    """Something to be undone in the account's environment."""
    return Carry.objects.create(environment_id=world.ids["environment_id"], source_name="Staging", changes=[])


def make_invitation(account: Account, by: User, email: str = "", **fields: Any) -> Invitation:
    """An open invitation with a link that works."""
    nonce = links.new_nonce()
    return Invitation.objects.create(
        account=account,
        email=email or f"invited{account.pk}@shop.example",
        invited_by=by,
        nonce=nonce,
        digest=links.digest("invitation", links.secret("invitation", nonce)),
        **{"expires_at": timezone.now() + timedelta(days=7), **fields},
    )


def make_world() -> World:
    """Our account; the stranger is admin of the other one, and staff belongs to neither."""
    ours, theirs = make_account(), make_account()
    ours.users["stranger"] = theirs.users["full"]
    ours.users["staff"] = UserFactory(is_staff=True, is_superuser=True)
    ours.theirs = theirs
    return ours


@dataclass(frozen=True)
class Write:
    """What a POST to a URL does. Every URL that takes one has a row in WRITES (tests/access_table.py).

    verb        what the account's activity says afterwards; None with `unrecorded`, the reason why nothing is said
    data        a valid body, or a function of the World that makes one
    read_only   the answer to a read-only teammate: 403, but for what everybody may do about themselves
    full        the answer to a teammate with full access
    foreign     names of fields in `data` that are ids: tried with the other account's, which must change nothing
    """

    verb: str | None
    data: dict[str, Any] | Callable[[World], dict[str, Any]] = field(default_factory=dict)
    read_only: int = 403
    full: int = 302
    foreign: tuple[str, ...] = ()
    unrecorded: str = ""

    def body(self, world: World) -> dict[str, Any]:
        return self.data(world) if callable(self.data) else self.data


def patterns(resolver: URLResolver, prefix: str = "") -> dict[str, set[str]]:
    """{view name: names of the ids in its URL} for everything below `resolver`."""
    found: dict[str, set[str]] = {}
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            if entry.name:
                found[f"{prefix}{entry.name}"] = set(entry.pattern.converters)
        else:
            found |= patterns(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix)
    return found


def resolve_view(name: str) -> Any:
    """The function behind a view's name."""

    def find(resolver: URLResolver, prefix: str = "") -> Any:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLPattern):
                if f"{prefix}{entry.name}" == name:
                    return entry.callback
            elif found := find(entry, f"{prefix}{entry.namespace}:" if entry.namespace else prefix):
                return found
        return None

    return find(get_resolver())


OURS = ("accounts:", "projects:", "ipfilter:", "collector:", "analytics:", "support:")
PARAMS = {name: ids for name, ids in patterns(get_resolver()).items() if name.startswith(OURS)}
