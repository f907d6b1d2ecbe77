"""Names of SAML that several files need, the two parties, and the error that tells people why something was refused."""

from dataclasses import dataclass

PROTOCOL = "urn:oasis:names:tc:SAML:2.0:protocol"
ASSERTION = "urn:oasis:names:tc:SAML:2.0:assertion"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"p": PROTOCOL, "a": ASSERTION, "m": METADATA, "s": SIGNATURE}  # prefixes for XPath

BY_REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
BY_POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


class SamlRefused(Exception):
    """Why an answer or metadata is not taken: a sentence for the person who has to mend it."""


@dataclass(frozen=True)
class Ours:
    """Heapadmin as one provider knows it. Each provider has an entity id and an address of its own."""

    entity_id: str
    answer_url: str  # where browsers post the answer ("ACS URL")


@dataclass(frozen=True)
class Theirs:
    """A provider, as its metadata said when it was set up."""

    entity_id: str
    sign_in_url: str
    certificates: tuple[str, ...]  # PEM; two while the provider changes to a new one
    name_id_format: str = PERSISTENT
    address_attribute: str = ""  # empty: the names that providers use without being told another
    name_attribute: str = ""
