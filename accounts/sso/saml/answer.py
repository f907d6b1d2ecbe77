"""Judges what a browser posted for a provider: who was signed in, or why it is not believed.

Four steps, each of which must pass: the shape (`signed_assertion`), what the assertion says (`_claims`), the signature
and the rules of the standard (python3-saml), and who it is about (`_person`). Only the signed element is read.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from lxml import etree
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError as ValidationError
from onelogin.saml2.response import OneLogin_Saml2_Response as Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings as Settings

from accounts.sso.saml import xml
from accounts.sso.saml.attributes import address_in, name_in, values_by_name
from accounts.sso.saml.words import (
    ASSERTION,
    BEARER,
    EMAIL,
    NAMES,
    PROTOCOL,
    SIGNATURE,
    TRANSIENT,
    Ours,
    SamlRefused,
    Theirs,
)

SKEW = timedelta(seconds=60)  # how far the clocks of the two servers may be apart
LONGEST_WAY = timedelta(minutes=5)  # from the provider's signature to us, through the browser
MOST_SUBJECT_CHARS = 255
_ROOT, _ASSERTED, _SIGNED = f"{{{PROTOCOL}}}Response", f"{{{ASSERTION}}}Assertion", f"{{{SIGNATURE}}}Signature"
_STATUS = "urn:oasis:names:tc:SAML:2.0:status:"
_SUCCESS = f"{_STATUS}Success"
STATUS = {  # what providers give as a reason
    f"{_STATUS}AuthnFailed": "it could not tell who you are",
    f"{_STATUS}RequestDenied": "you may not use this service there",
    f"{_STATUS}InvalidNameIDPolicy": "it cannot name people in the form that is set here (NameID format)",
    f"{_STATUS}RequestUnsupported": "it does not take requests like ours",
    f"{_STATUS}NoAuthnContext": "it has no way to sign you in",
    f"{_STATUS}NoPassive": "it needed to ask you something",
}
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_HASHES = ("256", "384", "512")
# All that a signature may say. SHA-1 is missing, and so are the transforms that run programs (XSLT, XPath).
ALGORITHMS = frozenset(
    {f"{_MORE}rsa-sha{bits}" for bits in _HASHES}
    | {f"{_MORE}ecdsa-sha{bits}" for bits in _HASHES}
    | {"http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2001/04/xmlenc#sha512", f"{_MORE}sha384"}
    | {f"{SIGNATURE}enveloped-signature"}
    | {"http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"}
)


@dataclass(frozen=True)
class SamlPerson:
    """Whom a provider signed in. The address and the name are what the provider says; each may be empty."""

    subject: str
    issuer: str
    address: str
    name: str
    answers: str  # the id of our request
    assertion_id: str
    ends_at: datetime  # until then the same answer would be believed again: it is remembered as long


def judge(posted: str, *, ours: Ours, theirs: Theirs, now: datetime) -> SamlPerson:
    """The person in a `SAMLResponse` (base64) that came to `ours.answer_url`. Raises SamlRefused.

    The caller compares `answers` with the id of the request that this browser carries, and takes each answer once.
    """
    text = _decoded(posted)
    document = xml.read(text, "answer")
    _succeeded(document)
    assertion = signed_assertion(document)
    ends_at, answers = _claims(document, assertion, ours=ours, theirs=theirs, now=now)
    _verify(text, ours=ours, theirs=theirs)
    return _person(assertion, theirs=theirs, ours=ours, answers=answers, ends_at=ends_at)


def _decoded(posted: str) -> bytes:
    if len(posted) > xml.MOST_BYTES:
        raise SamlRefused("The answer is longer than 256 KiB.")
    try:
        return base64.b64decode("".join(posted.split()), validate=True)
    except (binascii.Error, ValueError):
        raise SamlRefused("The answer is not base64.") from None


def _succeeded(document: etree._Element) -> None:
    if document.tag != _ROOT:
        raise SamlRefused("What came is not a SAML answer (samlp:Response).")
    codes = [str(code) for code in _all(document, "p:Status//p:StatusCode/@Value")]
    if not codes or codes[0] != _SUCCESS:
        raise SamlRefused(
            f"The provider did not sign you in: {STATUS.get(''.join(codes[1:2]), 'it does not say why')}."
        )


def signed_assertion(document: etree._Element) -> etree._Element:
    """The one assertion, if what is signed is it or the whole answer, and if nothing makes this ambiguous.

    A signature over the whole answer covers the assertion. The rules leave no place for a second assertion, or for a
    signature that covers something else than the element it is in ("wrapping").
    """
    if _all(document, ".//a:EncryptedAssertion | .//a:EncryptedID | .//a:EncryptedAttribute"):
        raise SamlRefused("The answer is encrypted. Switch encryption off at the provider: HTTPS protects the answer.")
    assertions = [child for child in document if child.tag == _ASSERTED]
    if len(assertions) != 1 or len(_all(document, "//a:Assertion")) != 1 or len(_all(document, "//p:Response")) != 1:
        raise SamlRefused("The answer does not hold exactly one assertion.")
    ids = [str(value) for value in _all(document, "//@ID | //@Id | //@id | //@xml:id")]
    if len(ids) != len(set(ids)):
        raise SamlRefused("Two elements of the answer have the same id.")
    signatures = _all(document, "//s:Signature")
    for signature in signatures:
        _check_signature(signature, within=(document, assertions[0]))
    if not signatures:
        raise SamlRefused("The answer is not signed.")
    if len({signature.getparent() for signature in signatures}) != len(signatures):
        raise SamlRefused("An element of the answer is signed twice.")
    return assertions[0]


def _check_signature(signature: etree._Element, *, within: tuple[etree._Element, etree._Element]) -> None:
    parent = signature.getparent()
    references = _all(signature, "s:SignedInfo/s:Reference/@URI")
    covers_parent = parent in within and references == [f"#{parent.get('ID')}"] and parent.get("ID")
    if (
        not covers_parent
        or _all(signature, ".//s:Object | .//s:Manifest")
        or len(_all(signature, ".//s:Reference")) != 1
    ):
        raise SamlRefused("A signature of the answer covers something else than the element in which it is.")
    used = {str(name) for name in _all(signature, ".//@Algorithm")}
    if unknown := used - ALGORITHMS:
        weak = any(name.endswith("sha1") for name in unknown)
        raise SamlRefused(
            "The answer is signed with SHA-1, which can be forged. Choose SHA-256 at the provider."
            if weak
            else "The answer is signed in a way that is not known here. Choose RSA with SHA-256 at the provider."
        )


def _claims(
    document: etree._Element, assertion: etree._Element, *, ours: Ours, theirs: Theirs, now: datetime
) -> tuple[datetime, str]:
    """Check from whom the assertion is, for whom, and when. Returns until when it is believed, and the request's id."""
    issuers = _texts(assertion, "a:Issuer") + _texts(document, "a:Issuer")
    if not _texts(assertion, "a:Issuer") or set(issuers) != {theirs.entity_id}:
        raise SamlRefused(f"The answer is not from {theirs.entity_id}: its issuer is another.")
    audiences = [_texts(each, "a:Audience") for each in _all(assertion, "a:Conditions/a:AudienceRestriction")]
    if not audiences or not all(ours.entity_id in audience for audience in audiences):
        raise SamlRefused(f"The answer is for another audience than {ours.entity_id}, our entity id.")
    confirmed = _all(assertion, f"a:Subject/a:SubjectConfirmation[@Method='{BEARER}']/a:SubjectConfirmationData")
    if len(confirmed) != 1 or confirmed[0].get("Recipient") != ours.answer_url:
        raise SamlRefused(f"The answer is for another recipient than {ours.answer_url}.")
    if document.get("Destination", ours.answer_url) != ours.answer_url:
        raise SamlRefused(f"The answer was sent to another address than {ours.answer_url} (Destination).")
    answers = confirmed[0].get("InResponseTo", "")
    if not answers or document.get("InResponseTo", answers) != answers:
        raise SamlRefused("The answer names no request of ours. Start on our sign-in page, not at the provider.")
    return _check_times(assertion, confirmed[0], now), answers


def _check_times(assertion: etree._Element, confirmed: etree._Element, now: datetime) -> datetime:
    issued_at = _moment(assertion.get("IssueInstant"))
    ends_at = _moment(confirmed.get("NotOnOrAfter"))
    if issued_at is None or ends_at is None:
        raise SamlRefused("The answer does not say when it was issued, or when it ends.")
    conditions = _all(assertion, "a:Conditions")
    begins = [issued_at, *_moments(conditions, "NotBefore"), *_moments([confirmed], "NotBefore")]
    ends = [ends_at, issued_at + LONGEST_WAY, *_moments(conditions, "NotOnOrAfter")]
    ends += _moments(_all(assertion, "a:AuthnStatement"), "SessionNotOnOrAfter")
    if max(begins) > now + SKEW:
        raise SamlRefused("The answer is not valid yet. Compare the clocks of the provider and of this server.")
    if min(ends) <= now - SKEW:
        raise SamlRefused("The answer has expired. Sign in again; if that happens again, compare the clocks.")
    return min(ends) + SKEW


def _verify(text: bytes, *, ours: Ours, theirs: Theirs) -> None:
    """Let python3-saml check the schema, the standard's rules, and the signature by one of the certificates."""
    address = urlsplit(ours.answer_url)
    settings = Settings(
        {
            "strict": True,
            "sp": {"entityId": ours.entity_id, "assertionConsumerService": {"url": ours.answer_url}},
            "idp": {
                "entityId": theirs.entity_id,
                "singleSignOnService": {"url": theirs.sign_in_url},
                "x509certMulti": {"signing": list(theirs.certificates)},
            },
            "security": {
                "rejectDeprecatedAlgorithm": True,
                "wantAttributeStatement": False,
                "allowSingleLabelDomains": True,
            },
        }
    )
    here = {"https": "on" if address.scheme == "https" else "off", "http_host": address.netloc}
    try:
        Response(settings, base64.b64encode(text).decode()).is_valid(
            here | {"script_name": address.path}, raise_exceptions=True
        )
    except ValidationError as error:
        if error.code == ValidationError.INVALID_SIGNATURE:
            raise SamlRefused("The answer is not signed with a certificate of this provider.") from None
        raise SamlRefused(f"The answer is not valid SAML (error {error.code} of python3-saml).") from None


def _person(assertion: etree._Element, *, theirs: Theirs, ours: Ours, answers: str, ends_at: datetime) -> SamlPerson:
    named = _all(assertion, "a:Subject/a:NameID")
    subject = xml.text_of(named[0]) if len(named) == 1 else ""
    if not subject or len(subject) > MOST_SUBJECT_CHARS or not subject.isprintable():
        raise SamlRefused("The answer does not name one person (NameID).")
    style = named[0].get("Format", "")
    if style == TRANSIENT:
        raise SamlRefused("The provider names people anew each time (transient NameID). Choose a persistent one there.")
    if named[0].get("SPNameQualifier", ours.entity_id) != ours.entity_id:
        raise SamlRefused("The answer names the person for another service (SPNameQualifier).")
    said = values_by_name(assertion)
    return SamlPerson(
        subject=subject,
        issuer=theirs.entity_id,
        address=address_in(said, theirs.address_attribute) or (subject if style == EMAIL else ""),
        name=name_in(said, theirs.name_attribute),
        answers=answers,
        assertion_id=assertion.get("ID", ""),
        ends_at=ends_at,
    )


def _all(element: etree._Element, path: str) -> list[etree._Element]:
    found: list[etree._Element] = element.xpath(path, namespaces=NAMES)
    return found


def _texts(element: etree._Element, path: str) -> list[str]:
    return [xml.text_of(each) for each in _all(element, path)]


def _moments(elements: Iterable[etree._Element], attribute: str) -> list[datetime]:
    return [moment for each in elements if (moment := _moment(each.get(attribute)))]


def _moment(written: str | None) -> datetime | None:
    """A moment as SAML writes it: in UTC, with a Z. None if there is none. Raises SamlRefused for anything else."""
    if written is None:
        return None
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 1970 < moment.year < 9999:
        raise SamlRefused("A time in the answer is not a moment in UTC.")
    return moment.astimezone(UTC)
