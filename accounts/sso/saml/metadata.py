"""Metadata: the XML by which two servers learn about each other. Writes ours, and reads a provider's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree
from lxml.builder import ElementMaker

from accounts.sso.saml import certificates, xml
from accounts.sso.saml.certificates import Certificate
from accounts.sso.saml.words import BY_POST, BY_REDIRECT, METADATA, NAMES, PROTOCOL, Ours, SamlRefused

MOST_CERTIFICATES = 2
MOST_ENTITY_ID_CHARS, MOST_ADDRESS_CHARS = 300, 500  # what the table holds
_M = ElementMaker(namespace=METADATA, nsmap={"md": METADATA})


def write(ours: Ours, name_id_format: str) -> bytes:
    """Our metadata for one provider."""
    answers = _M.AssertionConsumerService(Binding=BY_POST, Location=ours.answer_url, index="0", isDefault="true")
    described = _M.SPSSODescriptor(
        _M.NameIDFormat(name_id_format),
        answers,
        AuthnRequestsSigned="false",
        WantAssertionsSigned="true",
        protocolSupportEnumeration=PROTOCOL,
    )
    entity = _M.EntityDescriptor(described, entityID=ours.entity_id)
    written: bytes = etree.tostring(entity, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return written


@dataclass(frozen=True)
class ReadMetadata:
    """What a provider's metadata says, to be shown before it is saved."""

    entity_id: str
    sign_in_url: str
    certificates: tuple[Certificate, ...]  # one or two
    left_out: int  # certificates that have ended, and those beyond two


def read(text: bytes, *, may_be_visited: Callable[[str], bool], now: datetime) -> ReadMetadata:
    """What the metadata of one provider says. `may_be_visited` judges its sign-in address. Raises SamlRefused."""
    root = xml.read(text, "metadata", comments=True)
    providers = root.xpath("descendant-or-self::m:EntityDescriptor[m:IDPSSODescriptor]", namespaces=NAMES)
    if len(providers) != 1:
        many = "more than one provider" if providers else "no identity provider (IDPSSODescriptor)"
        raise SamlRefused(f"The metadata describes {many}. Take the metadata of one provider.")
    entity = providers[0]
    entity_id = entity.get("entityID", "").strip()
    if not entity_id or len(entity_id) > MOST_ENTITY_ID_CHARS or not entity_id.isprintable():
        raise SamlRefused("The metadata has no entity id that can be used.")
    _check_end([root, entity, *entity.iterchildren(f"{{{METADATA}}}IDPSSODescriptor")], now)
    kept, left_out = _certificates(entity, now)
    return ReadMetadata(entity_id, _sign_in_url(entity, may_be_visited), kept, left_out)


def _check_end(elements: list[etree._Element], now: datetime) -> None:
    for written in filter(None, (element.get("validUntil") for element in elements)):
        try:
            ends_at = datetime.fromisoformat(written)
        except ValueError:
            raise SamlRefused("The metadata says until when it is valid, but not in a form that can be read.") from None
        if ends_at.replace(tzinfo=ends_at.tzinfo or UTC) <= now:
            raise SamlRefused(f"The metadata was valid until {ends_at:%-d %B %Y}. Fetch it anew at the provider.")


def _sign_in_url(entity: etree._Element, may_be_visited: Callable[[str], bool]) -> str:
    path = f"m:IDPSSODescriptor/m:SingleSignOnService[@Binding='{BY_REDIRECT}']/@Location"
    urls = [str(url).strip() for url in entity.xpath(path, namespaces=NAMES)]
    if not urls:
        raise SamlRefused("The metadata has no address to sign in by HTTP-Redirect (SingleSignOnService).")
    if len(urls[0]) > MOST_ADDRESS_CHARS or not may_be_visited(urls[0]):
        raise SamlRefused("The metadata's address to sign in does not begin with https://, or is no address.")
    return urls[0]


def _certificates(entity: etree._Element, now: datetime) -> tuple[tuple[Certificate, ...], int]:
    """The certificates that sign: at most two, those that end last; and how many others there are."""
    path = "m:IDPSSODescriptor/m:KeyDescriptor[not(@use) or @use='signing']//s:X509Certificate"
    texts = dict.fromkeys("".join((each.text or "").split()) for each in entity.xpath(path, namespaces=NAMES))
    all_of_them = [certificates.read(text) for text in texts]
    valid = sorted((each for each in all_of_them if each.ends_at > now), key=lambda each: each.ends_at, reverse=True)
    if not valid:
        raise SamlRefused(
            "All certificates of the metadata have ended." if all_of_them else "The metadata has no certificate."
        )
    return tuple(valid[:MOST_CERTIFICATES]), len(all_of_them) - len(valid[:MOST_CERTIFICATES])
