"""The certificates with which a provider signs: as a person pastes them, with the day on which they end."""

import base64
import re
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from accounts.sso.saml.words import SamlRefused

LEAST_BITS = 2048
_ARMOUR = re.compile(r"-----(BEGIN|END) CERTIFICATE-----")


@dataclass(frozen=True)
class Certificate:
    pem: str
    named: str  # the certificate's subject
    ends_at: datetime
    fingerprint: str  # SHA-256, "AB:CD:…"


def read(text: str) -> Certificate:
    """One certificate from PEM, or from base64 alone as metadata has it. Raises SamlRefused."""
    try:
        der = base64.b64decode("".join(_ARMOUR.sub("", text).split()), validate=True)
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
    except ValueError:
        raise SamlRefused("This is not a certificate. It begins with -----BEGIN CERTIFICATE-----.") from None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < LEAST_BITS:
            raise SamlRefused(f"The certificate's key has {key.key_size} bits. At least {LEAST_BITS} are needed.")
    elif not isinstance(key, ec.EllipticCurvePublicKey):
        raise SamlRefused("The certificate's key is neither RSA nor of an elliptic curve.")
    return Certificate(
        pem=certificate.public_bytes(Encoding.PEM).decode(),
        named=certificate.subject.rfc4514_string(),
        ends_at=certificate.not_valid_after_utc,
        fingerprint=certificate.fingerprint(SHA256()).hex(":").upper(),
    )
