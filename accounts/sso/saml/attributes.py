"""What a provider says about a person: their address and their name, under the names that providers give these."""

from lxml import etree

from accounts.sso.saml import xml
from accounts.sso.saml.words import NAMES

_CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"  # Entra and AD FS
# Each line: Entra; Okta and Google (an administrator types the name there); Keycloak and LDAP
ADDRESS = (
    f"{_CLAIMS}emailaddress",
    "email",
    "Email",
    "mail",
    "urn:oid:1.2.840.113549.1.9.1",
    "urn:oid:0.9.2342.19200300.100.1.3",
)
NAME = (
    "http://schemas.microsoft.com/identity/claims/displayname",
    "name",
    "displayName",
    "urn:oid:2.16.840.1.113730.3.1.241",
)
GIVEN = (f"{_CLAIMS}givenname", "firstName", "givenName", "urn:oid:2.5.4.42")
FAMILY = (f"{_CLAIMS}surname", "lastName", "surname", "sn", "urn:oid:2.5.4.4")
MOST_NAME_CHARS = 150


def values_by_name(assertion: etree._Element) -> dict[str, list[str]]:
    """The values of all attributes, by the attribute's name and by its friendly name."""
    said: dict[str, list[str]] = {}
    for attribute in assertion.xpath("a:AttributeStatement/a:Attribute", namespaces=NAMES):
        values = [xml.text_of(value) for value in attribute.xpath("a:AttributeValue", namespaces=NAMES)]
        for name in {attribute.get("Name", ""), attribute.get("FriendlyName", "")}:
            said.setdefault(name, []).extend(filter(None, values))
    return said


def address_in(said: dict[str, list[str]], chosen: str) -> str:
    """The e-mail address; empty if there is none, or more than one: then nobody knows which is meant."""
    return _one(said, (chosen,) if chosen else ADDRESS)


def name_in(said: dict[str, list[str]], chosen: str) -> str:
    """The person's name, or given and family name together, printable and at most 150 characters; else empty."""
    name = _one(said, (chosen,) if chosen else NAME)
    if not name and not chosen:
        name = f"{_one(said, GIVEN)} {_one(said, FAMILY)}".strip()
    return "".join(char for char in name if char.isprintable())[:MOST_NAME_CHARS]


def _one(said: dict[str, list[str]], names: tuple[str, ...]) -> str:
    """The value of the first of these attributes that has any; empty if it has different ones."""
    values = set(next((said[name] for name in names if said.get(name)), []))
    return values.pop() if len(values) == 1 else ""
