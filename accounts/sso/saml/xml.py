"""Reads XML that a stranger sent: bounded, UTF-8, without anything that makes a parser fetch, expand or skip."""

from lxml import etree

from accounts.sso.saml.words import SamlRefused

MOST_BYTES = 256 * 1024  # answers of providers have 5 to 20 KiB, metadata of one provider at most some 100
_BOM = b"\xef\xbb\xbf"


def read(text: bytes, what: str, comments: bool = False) -> etree._Element:
    """The root element. `what` names the text in errors: "answer", "metadata". Raises SamlRefused.

    Comments split a text into two for some readers, a signature does not cover them, and no provider sends one. So
    only metadata may hold them (`comments`).
    """
    text = text.removeprefix(_BOM).strip()
    if len(text) > MOST_BYTES:
        raise SamlRefused(f"The {what} is longer than 256 KiB.")
    declares = text.replace(b"<!--", b"") if comments else text
    if b"<!" in declares or b"<?" in text.removeprefix(b"<?xml "):
        raise SamlRefused(
            f"The {what} contains a document type, an entity, a comment or an instruction. None is allowed."
        )
    # libxml2 itself refuses more than 256 levels
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        return etree.fromstring(text, parser)
    except etree.XMLSyntaxError:
        raise SamlRefused(f"The {what} is not XML that can be read.") from None


def text_of(element: etree._Element) -> str:
    """The text of an element without others in it; empty if it has some."""
    return "" if len(element) else (element.text or "").strip()
