"""A SAML identity provider: it signs answers with its own key, over HTTP if wanted, and lies when it is told to."""

import base64
import contextlib
import html
import threading
import zlib
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from accounts.sso.saml.words import NAMES, PERSISTENT

ASSERTION = """<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ID="{assertion_id}" Version="2.0" IssueInstant="{issued}">
<saml:Issuer>{issuer}</saml:Issuer>
<saml:Subject><saml:NameID Format="{format}"{qualifier}>{subject}</saml:NameID>
<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData
 {confirmed_in_response_to} Recipient="{recipient}" NotOnOrAfter="{ends}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="{begins}" NotOnOrAfter="{ends}">{audience}</saml:Conditions>
<saml:AuthnStatement AuthnInstant="{issued}" SessionIndex="_s1"{session_ends}><saml:AuthnContext>
<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
{attributes}</saml:Assertion>"""
RESPONSE = """<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"
 xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"
 ID="{response_id}" Version="2.0" IssueInstant="{issued}" {destination} {in_response_to}>
<saml:Issuer>{response_issuer}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{status}"/></samlp:Status>
{assertion}</samlp:Response>"""
POSTING = """<!doctype html><title>Provider</title><h1>Provider</h1><form method="post" action="{to}">
<input type="hidden" name="SAMLResponse" value="{answer}"><input type="hidden" name="RelayState" value="{relay_state}">
<button>Sign in as {subject}</button></form>"""


@cache
def key_pair(bits=2048, days=365):
    """A private key and a certificate of its own that ends in `days`, both PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provider.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1000))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private.decode(), certificate.public_bytes(pem).decode()


def moment(at):
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def sign(document, path, key, *, algorithm=xmlsec.Transform.RSA_SHA256, digest=xmlsec.Transform.SHA256):
    """Sign the element at `path` with `key`, and put the signature behind its issuer."""
    element = document.xpath(path, namespaces=NAMES)[0]
    signature = xmlsec.template.create(element, xmlsec.Transform.EXCL_C14N, algorithm, ns="ds")
    element.find("{*}Issuer").addnext(signature)
    reference = xmlsec.template.add_reference(signature, digest, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
    xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
    context = xmlsec.SignatureContext()
    context.register_id(element, "ID")
    context.key = xmlsec.Key.from_memory(key, xmlsec.KeyFormat.PEM, None)
    context.sign(signature)


class SamlProvider:
    """A provider. Its subjects are what `subject` says; `attributes` go with them."""

    def __init__(
        self, entity_id="https://provider.test/saml?tenant=1&x=2", sign_in_url="https://provider.test/sign-in"
    ):
        self.entity_id = entity_id
        self.sign_in_url = sign_in_url
        self.key, self.certificate = key_pair()
        self.subject = "00u1-ada"
        self.attributes = {"email": ["ada@shop.example"], "displayName": ["Ada Lovelace"]}
        self.requests = []
        self.lies = {}

    def document(self, request_id, *, ours, now=None, signs=("assertion",), key="", **lies):
        """An answer to one request, signed as `signs` says ("assertion", "response"). `lies` replace what is true."""
        now = now or datetime.now(UTC)
        known = f'InResponseTo="{request_id}"' if request_id else ""
        said = {
            "assertion_id": f"_a{base64.b16encode(now.isoformat().encode()).decode()}",
            "response_id": "_r1",
            "issuer": html.escape(self.entity_id),
            "subject": self.subject,
            "format": PERSISTENT,
            "qualifier": "",
            "recipient": ours.answer_url,
            "destination": f'Destination="{ours.answer_url}"',
            "in_response_to": known,
            "confirmed_in_response_to": known,
            "issued": moment(now),
            "begins": moment(now),
            "ends": moment(now + timedelta(minutes=5)),
            "session_ends": "",
            "status": "Success",
            "audience": audience(ours.entity_id),
            "attributes": statement(self.attributes),
            **lies,
        }
        said.setdefault("response_issuer", said["issuer"])
        said.setdefault("assertion", ASSERTION.format(**said))
        document = etree.fromstring(RESPONSE.format(**said))
        if "assertion" in signs:
            sign(document, "a:Assertion", key or self.key)
        if "response" in signs:
            sign(document, "self::p:Response", key or self.key)
        return document

    def answer(self, request_id, *, ours, **lies):
        """The same, as a browser posts it."""
        return posted(self.document(request_id, ours=ours, **lies))

    @property
    def metadata(self):
        text = "".join(self.certificate.splitlines()[1:-1])
        return f"""<?xml version="1.0"?>
<md:EntityDescriptor xmlns:md="{NAMES["m"]}" entityID="{html.escape(self.entity_id)}"><!-- made by hand -->
<md:IDPSSODescriptor protocolSupportEnumeration="{NAMES["p"]}"><md:KeyDescriptor use="signing"><ds:KeyInfo
 xmlns:ds="{NAMES["s"]}"><ds:X509Data><ds:X509Certificate>{text}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>
</md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
 Location="{html.escape(self.sign_in_url)}"/></md:IDPSSODescriptor></md:EntityDescriptor>"""

    @contextlib.contextmanager
    def served(self, ours):
        """Answer over HTTP, on a free port of this machine: metadata, and a page that posts an answer to `ours`."""
        server = ThreadingHTTPServer(("localhost", 0), _handler(self, ours))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.sign_in_url = f"http://localhost:{server.server_port}/sign-in"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()


def _handler(provider, ours):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asks = parse_qs(urlsplit(self.path).query)
            if "SAMLRequest" not in asks:
                self.reply(provider.metadata, "application/samlmetadata+xml")
                return
            request = asked(self.path)
            provider.requests.append(request)
            answer = provider.answer(request.get("ID"), ours=ours, **provider.lies)
            relay_state = html.escape(asks.get("RelayState", [""])[0])
            self.reply(
                POSTING.format(
                    to=html.escape(ours.answer_url),
                    answer=answer,
                    relay_state=relay_state,
                    subject=html.escape(provider.subject),
                ),
                "text/html",
            )

        def reply(self, text, kind):
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            pass

    return Handler


def posted(document):
    """An answer as the form has it."""
    return base64.b64encode(document if isinstance(document, bytes) else etree.tostring(document)).decode()


def asked(address):
    """The AuthnRequest in an address to which we sent a browser."""
    packed = base64.b64decode(parse_qs(urlsplit(address).query)["SAMLRequest"][0])
    return etree.fromstring(zlib.decompress(packed, -zlib.MAX_WBITS))


def audience(*entity_ids):
    each = "".join(f"<saml:Audience>{html.escape(entity_id)}</saml:Audience>" for entity_id in entity_ids)
    return f"<saml:AudienceRestriction>{each}</saml:AudienceRestriction>"


def statement(attributes):
    """An AttributeStatement with `{name: [value, …]}`."""
    if not attributes:
        return ""
    each = "".join(
        f'<saml:Attribute Name="{html.escape(name)}">'
        + "".join(f'<saml:AttributeValue xsi:type="xs:string">{html.escape(v)}</saml:AttributeValue>' for v in values)
        + "</saml:Attribute>"
        for name, values in attributes.items()
    )
    return f"<saml:AttributeStatement>{each}</saml:AttributeStatement>"
