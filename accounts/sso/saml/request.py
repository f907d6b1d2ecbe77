"""What we ask a provider: to sign a person in. The browser carries it there in an address (HTTP-Redirect)."""

import base64
import zlib
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from lxml.builder import ElementMaker
from lxml.etree import tostring

from accounts.sso.saml.words import ASSERTION, BY_POST, PROTOCOL, Ours, Theirs

_P = ElementMaker(namespace=PROTOCOL, nsmap={"samlp": PROTOCOL, "saml": ASSERTION})
_A = ElementMaker(namespace=ASSERTION, nsmap={"saml": ASSERTION})


def address(request_id: str, relay_state: str, *, ours: Ours, theirs: Theirs, now: datetime) -> str:
    """The address to which the browser goes: the provider's, with the request in it.

    The provider gives back `relay_state` as it is, and its answer names `request_id`, an XML name. The request is not
    signed: all that it says is in our metadata too. It asks for no way of signing in
    (RequestedAuthnContext), because a provider that knows a better one refuses then.
    """
    asked = _P.AuthnRequest(
        _A.Issuer(ours.entity_id),
        _P.NameIDPolicy(Format=theirs.name_id_format, AllowCreate="true"),
        ID=request_id,
        Version="2.0",
        IssueInstant=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        Destination=theirs.sign_in_url,
        AssertionConsumerServiceURL=ours.answer_url,
        ProtocolBinding=BY_POST,
    )
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)  # DEFLATE without a header, as the binding wants it
    packed = packer.compress(tostring(asked)) + packer.flush()
    joined = "&" if urlsplit(theirs.sign_in_url).query else "?"
    asks = {"SAMLRequest": base64.b64encode(packed), "RelayState": relay_state}
    return f"{theirs.sign_in_url}{joined}{urlencode(asks)}"
