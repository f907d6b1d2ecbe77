"""The script on a site, as a client of the paths under /label/."""

import json
from dataclasses import dataclass, field
from typing import Any

from allauth.usersessions.models import UserSession
from django.test import Client

from analytics.labelling import tickets
from analytics.labelling.models import ConfirmedSite
from tests.factories import EnvironmentFactory, MembershipFactory

ORIGIN = "https://shop.example"
PAGE = {"domain": "shop.example", "path": "/products/17", "title": "Shoes"}
BUY = {
    "tag": "button",
    "text": "Buy",
    "class": "css-1x2y3z",
    "hierarchy": "@body;|@form;#order;|@button;.css-1x2y3z;|",
}
COLUMNS = {
    "kind": "click",
    "name": "",
    "domain": "shop.example",
    "path": "/products/17",
    "target_tag": "button",
    "target_text": "Buy",
    "target_class": "css-1x2y3z",
    "target_hierarchy": BUY["hierarchy"],
}


@dataclass
class Labelling:
    """A person with a session, a confirmed site, and what the script on it holds."""

    read_only: bool = False
    environment: Any = None
    origin: str = ORIGIN
    token: str = ""
    client: Client = field(default_factory=Client)  # the person's browser, in the console
    site: ConfirmedSite = field(init=False)

    def __post_init__(self):
        self.environment = self.environment or EnvironmentFactory()
        account = self.environment.project.account
        self.membership = MembershipFactory(account=account, read_only=self.read_only)
        self.user = self.membership.user
        self.client.force_login(self.user)
        UserSession.objects.create(user=self.user, session_key=self.session_key, ip="192.0.2.1")
        self.site, _ = ConfirmedSite.objects.get_or_create(environment=self.environment, origin=self.origin)

    @property
    def session_key(self) -> str:
        return self.client.session.session_key

    def ticket(self) -> str:
        return tickets.give(site=self.site, user=self.user, session_key=self.session_key)

    def open(self, ticket: str = "", **headers):
        """Use a ticket; later requests have its token."""
        response = self.ask("open", {"ticket": ticket or self.ticket()}, **headers)
        self.token = response.json().get("token", self.token)
        return response

    def ask(self, path: str, body: Any, *, raw: bytes | None = None, **headers):
        given = {"Origin": self.origin} | ({"Authorization": f"Bearer {self.token}"} if self.token else {}) | headers
        data = json.dumps(body) if raw is None else raw
        return Client(raise_request_exception=False).post(
            f"/label/{path}/", data, content_type="application/json", headers={k: v for k, v in given.items() if v}
        )


def opened(**fields) -> Labelling:
    labelling = Labelling(**fields)
    assert labelling.open().status_code == 200
    return labelling


def condition(name: str, value: str, operator: str = "is") -> dict[str, str]:
    return {"property": f"event:{name}", "operator": operator, "value": value}
