"""Which answers of a SAML provider are believed. Each attack is one that a careless reader believes."""

import base64
import time
from datetime import UTC, datetime, timedelta

import pytest
import xmlsec
from lxml import etree

from accounts.sso.saml import answer, request
from accounts.sso.saml.answer import judge
from accounts.sso.saml.words import EMAIL, NAMES, TRANSIENT, Ours, SamlRefused, Theirs
from tests.accounts.saml import wrapping
from tests.accounts.saml.provider import SamlProvider, asked, audience, key_pair, moment, posted, sign, statement

OURS = Ours("https://heapadmin.test/sso/k3/saml/", "https://heapadmin.test/sso/k3/saml/answer/")
ELSEWHERE = Ours("https://heapadmin.test/sso/other/saml/", "https://heapadmin.test/sso/other/saml/answer/")
PROVIDER = SamlProvider()
ASKED = "_request-1"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"


def theirs(*certificates, **known):
    return Theirs(PROVIDER.entity_id, PROVIDER.sign_in_url, certificates or (PROVIDER.certificate,), **known)


def judged(document, ours=OURS, now=None, **known):
    document = document if isinstance(document, str) else posted(document)
    return judge(document, ours=ours, theirs=theirs(**known), now=now or datetime.now(UTC))


def refusal(document, **how):
    with pytest.raises(SamlRefused) as refused:
        judged(document, **how)
    return str(refused.value)


def careless(document, certificate=PROVIDER.certificate):
    """The names in a document of which some signature is good: what many have shipped."""
    document = etree.fromstring(etree.tostring(document))
    xmlsec.tree.add_ids(document, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(certificate, xmlsec.KeyFormat.CERT_PEM, None)
    context.verify(document.find(".//{*}Signature"))
    return {name.text for name in document.iter("{*}NameID")}


@pytest.mark.parametrize("signs", [("assertion",), ("response",), ("assertion", "response")], ids="+".join)
def test_a_signed_answer_names_the_person(signs):
    person = judged(PROVIDER.document(ASKED, ours=OURS, signs=signs))

    assert (person.subject, person.issuer, person.answers) == ("00u1-ada", PROVIDER.entity_id, ASKED)
    assert (person.address, person.name) == ("ada@shop.example", "Ada Lovelace")
    assert person.assertion_id.startswith("_a")


@pytest.mark.parametrize(
    ("attributes", "address", "name"),
    [
        (
            {f"{CLAIMS}emailaddress": ["a@x.example"], f"{CLAIMS}givenname": ["A"], f"{CLAIMS}surname": ["B"]},
            "a@x.example",
            "A B",
        ),
        ({"email": ["a@x.example"], "firstName": ["A"], "lastName": ["B"]}, "a@x.example", "A B"),
        ({"urn:oid:1.2.840.113549.1.9.1": ["a@x.example"], "urn:oid:2.5.4.42": ["A"]}, "a@x.example", "A"),
        ({"email": ["a@x.example", "b@x.example"], "displayName": ["A\u202eB\n"]}, "", "AB"),
        ({}, "", ""),
    ],
    ids=["Entra", "Okta", "Keycloak", "two addresses", "none"],
)
def test_address_and_name_are_found_as_providers_send_them(attributes, address, name):
    person = judged(PROVIDER.document(ASKED, ours=OURS, attributes=statement(attributes)))

    assert (person.address, person.name) == (address, name)


def test_attributes_may_have_other_names_and_a_name_may_be_an_address():
    said = statement({"mel": ["ada@shop.example"], "email": ["other@shop.example"], "wer": ["Ada"]})
    document = PROVIDER.document(ASKED, ours=OURS, attributes=said)
    named = PROVIDER.document(ASKED, ours=OURS, attributes="", format=EMAIL, subject="ada@shop.example")

    person = judged(document, address_attribute="mel", name_attribute="wer")

    assert (person.address, person.name, judged(named).address) == ("ada@shop.example", "Ada", "ada@shop.example")


def test_a_second_certificate_is_believed_while_the_provider_changes():
    new_key, new = key_pair(2048, 730)
    document = posted(PROVIDER.document(ASKED, ours=OURS, key=new_key))

    both = judge(document, ours=OURS, theirs=theirs(PROVIDER.certificate, new), now=datetime.now(UTC))

    assert both.subject == "00u1-ada"
    assert refusal(document) == "The answer is not signed with a certificate of this provider."


def test_a_certificate_that_has_ended_is_believed_until_it_is_taken_away():
    key, ended = key_pair(2048, -1)
    document = posted(PROVIDER.document(ASKED, ours=OURS, key=key))

    assert judge(document, ours=OURS, theirs=theirs(ended), now=datetime.now(UTC)).subject == "00u1-ada"


def test_an_answer_without_a_signature_is_refused():
    document = PROVIDER.document(ASKED, ours=OURS, signs=())

    assert refusal(document) == "The answer is not signed."


@pytest.mark.parametrize("signs", ["assertion", "response"])
@pytest.mark.parametrize("path", ["//a:NameID", "//a:Audience", "//a:AttributeValue"])
def test_what_was_changed_after_signing_is_refused(signs, path):
    document = PROVIDER.document(ASKED, ours=OURS, signs=(signs,), audience=audience(OURS.entity_id, "x"))

    document.xpath(path, namespaces=NAMES)[-1].text = "changed"

    assert refusal(document) == "The answer is not signed with a certificate of this provider."


def test_a_foreign_key_is_refused_even_if_its_certificate_is_in_the_answer():
    key, certificate = key_pair(2048, 30)
    document = PROVIDER.document(ASKED, ours=OURS, key=key)
    signature = document.find(".//{*}Signature")
    info = xmlsec.template.ensure_key_info(signature)
    etree.SubElement(xmlsec.template.add_x509_data(info), f"{{{NAMES['s']}}}X509Certificate").text = "".join(
        certificate.splitlines()[1:-1]
    )

    assert careless(document, certificate) == {"00u1-ada"}
    assert refusal(document) == "The answer is not signed with a certificate of this provider."


LIES = {
    "another issuer": ({"issuer": "https://evil.test/"}, "its issuer is another"),
    "another issuer around it": ({"response_issuer": "https://evil.test/"}, "its issuer is another"),
    "another audience": ({"audience": audience(ELSEWHERE.entity_id)}, "for another audience"),
    "no audience": ({"audience": ""}, "for another audience"),
    "an audience within a longer one": ({"audience": audience(OURS.entity_id + "x")}, "for another audience"),
    "two audiences that exclude us": ({"audience": audience(OURS.entity_id) + audience("x")}, "for another audience"),
    "another recipient": ({"recipient": ELSEWHERE.answer_url}, "for another recipient"),
    "a recipient with more": ({"recipient": OURS.answer_url + "x"}, "for another recipient"),
    "another destination": ({"destination": f'Destination="{ELSEWHERE.answer_url}"'}, "sent to another address"),
    "a destination with more": ({"destination": f'Destination="{OURS.answer_url}x"'}, "sent to another address"),
    "no request": ({"in_response_to": "", "confirmed_in_response_to": ""}, "names no request of ours"),
    "a request only outside": ({"confirmed_in_response_to": ""}, "names no request of ours"),
    "two requests": ({"in_response_to": 'InResponseTo="_request-2"'}, "names no request of ours"),
    "a name for once": ({"format": TRANSIENT}, "anew each time"),
    "a name for others": ({"qualifier": f' SPNameQualifier="{ELSEWHERE.entity_id}"'}, "for another service"),
    "no name": ({"subject": ""}, "does not name one person"),
    "a long name": ({"subject": "x" * 256}, "does not name one person"),
    "a name that turns around": ({"subject": "ada\u202e"}, "does not name one person"),
    "a refusal": ({"status": "Requester"}, "did not sign you in: it does not say why"),
}


@pytest.mark.parametrize("signs", ["assertion", "response"])
@pytest.mark.parametrize("lie", LIES)
def test_a_signed_answer_that_is_not_for_us_is_refused(lie, signs):
    lies, words = LIES[lie]
    document = PROVIDER.document(ASKED, ours=OURS, signs=(signs,), **lies)

    careless(document)  # its signature is good

    assert words in refusal(document)


@pytest.mark.parametrize(
    ("seconds", "lies", "words"),
    [
        (-50, {}, None),
        (-70, {}, "not valid yet"),
        (355, {}, None),
        (365, {}, "has expired"),
        (200, {"ends": 100}, "has expired"),
        (400, {"ends": 36_000}, "has expired"),  # the provider says hours; an answer is taken for minutes
        (100, {"begins": 200}, "not valid yet"),
        (100, {"session_ends": 10}, "has expired"),
    ],
    ids=["clock 50 s behind", "70 s behind", "5 min 55 s", "6 min 5 s", "ended", "long", "not begun", "session ended"],
)
def test_an_answer_is_believed_for_minutes_and_clocks_may_differ_by_one(seconds, lies, words):
    now = datetime.now(UTC)
    written = {name: moment(now + timedelta(seconds=after)) for name, after in lies.items()}
    if "session_ends" in written:
        written["session_ends"] = f' SessionNotOnOrAfter="{written["session_ends"]}"'
    document = PROVIDER.document(ASKED, ours=OURS, now=now, **written)

    said = answer.signed_assertion(document)
    check = lambda: answer._claims(document, said, ours=OURS, theirs=theirs(), now=now + timedelta(seconds=seconds))  # noqa: E731

    if words is None:
        assert check()[1] == ASKED
    else:
        with pytest.raises(SamlRefused, match=words):
            check()


@pytest.mark.parametrize("written", ["yesterday", "2026-11-29", "2026-11-29T20:00:00", "0001-01-01T00:00:00Z", ""])
def test_a_time_that_is_none_is_refused(written):
    document = PROVIDER.document(ASKED, ours=OURS, ends=written)

    assert "is not a moment in UTC" in refusal(document)


@pytest.mark.parametrize(
    ("wrap", "signs"),
    [(wrap, signs) for signs, wraps in wrapping.SIGNED.items() for wrap in wraps],
    ids=lambda given: getattr(given, "__name__", given),
)
def test_a_wrapped_answer_is_refused(wrap, signs):
    document = wrap(PROVIDER.document(ASKED, ours=OURS, signs=(signs,)))

    if wrap not in wrapping.SEEN_BY_XMLSEC:
        assert wrapping.EVIL in careless(document)
    refused = refusal(document)
    assert "exactly one assertion" in refused or "something else than the element" in refused, refused


def test_a_comment_does_not_cut_a_name_short():
    document = PROVIDER.document(ASKED, ours=OURS, subject="ada@shop.example.evil.test", format=EMAIL)
    text = etree.tostring(document).replace(b"shop.example.evil", b"shop.example<!-- -->.evil")
    cut = etree.fromstring(text)

    assert careless(cut) == {"ada@shop.example"}
    assert "a comment" in refusal(posted(text))


DTDS = {
    "a document type": b"<!DOCTYPE x>",
    "an entity of a file": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>',
    "an entity of a server": b'<!DOCTYPE x [<!ENTITY f SYSTEM "http://127.0.0.1:9/">]>',
    "a type of a server": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    "entities of entities": b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY f "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
    "an instruction": b'<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>',
}


@pytest.mark.parametrize("dtd", DTDS)
def test_nothing_in_the_xml_is_fetched_or_expanded(dtd):
    text = etree.tostring(PROVIDER.document(ASKED, ours=OURS))

    refused = refusal(posted(DTDS[dtd] + text.replace(b"Ada Lovelace", b"&f;" if b"ENTITY f" in DTDS[dtd] else b"Ada")))

    assert "a document type, an entity, a comment or an instruction" in refused


def test_other_encodings_do_not_hide_a_document_type():
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><x>&f;</x>'

    assert refusal(posted(text.encode("utf-16"))) == "The answer is not XML that can be read."


def test_a_schema_that_the_answer_names_is_not_fetched():
    document = PROVIDER.document(ASKED, ours=OURS, signs=())
    document.set("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation", f"{NAMES['p']} http://127.0.0.1:9/x.xsd")
    sign(document, "a:Assertion", PROVIDER.key)

    try:
        assert judged(document).subject == "00u1-ada"
    except SamlRefused as refused:
        assert "error 14" in str(refused)


@pytest.mark.parametrize("weak", ["signature", "digest"])
def test_sha_1_is_refused(weak):
    document = PROVIDER.document(ASKED, ours=OURS, signs=())
    ways = {"algorithm": xmlsec.Transform.RSA_SHA1} if weak == "signature" else {"digest": xmlsec.Transform.SHA1}
    sign(document, "a:Assertion", PROVIDER.key, **ways)

    assert refusal(document) == "The answer is signed with SHA-1, which can be forged. Choose SHA-256 at the provider."


def test_a_signature_runs_no_program():
    document = PROVIDER.document(ASKED, ours=OURS)
    transform = document.findall(".//{*}Transform")[0]
    transform.set("Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116")
    transform.append(etree.XML('<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"/>'))

    assert "in a way that is not known here" in refusal(document)


@pytest.mark.parametrize("covers", ["", "#_r1"])
def test_a_signature_covers_the_element_in_which_it_is(covers):
    document = PROVIDER.document(ASKED, ours=OURS)

    document.find(".//{*}Reference").set("URI", covers)

    assert "something else than the element" in refusal(document)


def test_a_key_that_everybody_knows_signs_nothing():
    document = PROVIDER.document(ASKED, ours=OURS)
    method = document.find(".//{*}SignatureMethod")
    method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")  # with the certificate as the key

    assert "in a way that is not known here" in refusal(document)


def test_an_encrypted_assertion_is_refused_in_words():
    encrypted = (
        '<saml:EncryptedAssertion><xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:CipherData>'
        "<xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData></saml:EncryptedAssertion>"
    )
    document = PROVIDER.document(ASKED, ours=OURS, assertion=encrypted, signs=("response",))

    assert "Switch encryption off" in refusal(document)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ("A" * (256 * 1024 + 1), "longer than 256 KiB"),
        ("not base64!", "not base64"),
        ("", "not XML"),
        (posted(b"<a>" * 60_000), "not XML"),
        (posted(b"<a>" * 300 + b"</a>" * 300), "not XML"),
        (posted(b"\x00"), "not XML"),
        (posted(b"<a/>"), "not a SAML answer"),
        (base64.b64encode(b"\xff\xfe<a/>").decode(), "not XML"),
    ],
    ids=["long", "not base64", "nothing", "never closed", "deep", "NUL", "another document", "half a UTF-16"],
)
def test_anything_else_is_refused_soon(sent, words):
    began = time.process_time()

    assert words in refusal(sent)
    assert time.process_time() - began < 2


def test_the_largest_answers_that_are_read_take_little_time():
    """Many elements, many attributes, many ids, many signatures: none may make work that grows by the square."""
    document = PROVIDER.document(ASKED, ours=OURS, signs=())
    text = etree.tostring(document)
    fill = 185_000
    for filling in (
        b"<saml:Attribute Name='a'/>",
        b'<a xmlns:b="c:d"/>',
        b"<ds:Signature xmlns:ds='http://www.w3.org/2000/09/xmldsig#'/>",
    ):
        large = text.replace(b"</saml:Assertion>", filling * (fill // len(filling)) + b"</saml:Assertion>")
        began = time.process_time()

        refusal(posted(large))

        assert time.process_time() - began < 2, filling


def test_a_request_names_us_and_keeps_the_query_of_the_providers_address():
    known = Theirs(PROVIDER.entity_id, "https://provider.test/sign-in?idp=1&x=<>", (PROVIDER.certificate,))

    address = request.address(ASKED, "state", ours=OURS, theirs=known, now=datetime(2026, 11, 29, 20, tzinfo=UTC))

    document = asked(address)
    assert address.startswith("https://provider.test/sign-in?idp=1&x=<>&SAMLRequest=")
    assert address.endswith("&RelayState=state")
    assert (document.get("ID"), document.get("Destination")) == (ASKED, known.sign_in_url)
    assert document.get("AssertionConsumerServiceURL") == OURS.answer_url
    assert document.find("{*}Issuer").text == OURS.entity_id
