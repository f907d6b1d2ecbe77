"""The two spellings of an address: as browsers send it, and as people read it.

    /caf%C3%A9/men%C3%BC       /café/menü
    xn--caf-dma.example        café.example

Only characters beyond ASCII and the space have two spellings. All other escapes stay as they are, because they mean
something else than what they stand for (%2F, %25), or nothing (a broken %C3). Nothing is lost by reading.
"""

import re
from collections.abc import Callable

import idna

CONTINUED = "%[89AB][0-9A-F]"
ESCAPED = re.compile(  # characters beyond ASCII, as valid UTF-8
    f"(?:%(?:C[2-9A-F]|D[0-9A-F]){CONTINUED}"
    f"|%(?:E0%[AB][0-9A-F]|E[1-9A-CEF]{CONTINUED}|ED%[89][0-9A-F]){CONTINUED}"
    f"|%(?:F0%[9AB][0-9A-F]|F[1-3]{CONTINUED}|F4%8[0-9A-F]){CONTINUED}{CONTINUED})+",
    re.IGNORECASE,
)
SMALL_ESCAPE = re.compile("%(?:[89A-F][a-f]|[a-f][0-9A-Fa-f])")
HIGH_ESCAPE = re.compile(r"%[89A-F][0-9A-F]")
SENT_BYTES = [chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in range(256)]
LABEL = re.compile(r"[^.:@/*\[\]\s]+")
HOST = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)([^/?#]*)")
PUNYCODE = "xn--"
LONGEST_LABEL = 63
MOST_DOTS = 10  # in a domain that is read: punycode is slow, and a page shows many

Spell = Callable[[str], str]


# --- Paths, queries, hashes -----------------------------------------------------------------------------------------


def sent_path(text: str) -> str:
    """A path, query or hash in the spelling of browsers, with capitals in its escapes. Spaces stay as they are."""
    if SMALL_ESCAPE.search(text):
        text = ESCAPED.sub(lambda run: run[0].upper(), text)
    return text if text.isascii() else _escaped(text)


def read_path(text: str) -> str:
    """A path, query or hash as people read it. What cannot be seen, or turns the text around it, stays escaped."""
    return ESCAPED.sub(lambda run: _seen(run[0]), text).replace("%20", " ") if "%" in text else text


def _escaped(text: str) -> str:
    return "".join([SENT_BYTES[byte] for byte in text.encode(errors="surrogatepass")])


def _seen(escaped: str) -> str:
    read = bytes.fromhex(escaped.replace("%", "")).decode()
    return read if read.isprintable() else "".join(each if each.isprintable() else _escaped(each) for each in read)


# --- Domains --------------------------------------------------------------------------------------------------------


def sent_domain(text: str) -> str:
    """A domain in the spelling of browsers, in which labels beyond ASCII are punycode. No domain: as it is."""
    if text.isascii():
        return text
    try:
        mapped = idna.uts46_remap(text, std3_rules=False)
    except idna.IDNAError:
        return text
    return LABEL.sub(lambda label: _sent_label(label[0]), mapped)


def read_domain(text: str) -> str:
    """A domain as people read it. A label stays as it is if browsers would not spell it so, and so does all of it."""
    if PUNYCODE not in text or text.count(".") > MOST_DOTS:
        return text
    read = LABEL.sub(lambda label: _read_label(label[0]), text)
    return read if sent_domain(read) == text else text  # not so if there are capitals beside


def _sent_label(label: str) -> str:
    if label.isascii() or len(label) > LONGEST_LABEL:
        return label
    return PUNYCODE + label.encode("punycode").decode()


def _read_label(label: str) -> str:
    if not label.startswith(PUNYCODE) or len(label) > LONGEST_LABEL:
        return label
    try:
        read = label.removeprefix(PUNYCODE).encode().decode("punycode")
    except (UnicodeError, ValueError):
        return label
    return read if read.isprintable() and sent_domain(read) == label else label


# --- Whole addresses, and paths alone -------------------------------------------------------------------------------


def sent_address(text: str) -> str:
    return _by_parts(text, sent_domain, sent_path)


def read_address(text: str) -> str:
    return _by_parts(text, read_domain, read_path)


def _by_parts(text: str, domain: Spell, path: Spell) -> str:
    """Spell the host of an address its own way. Without a host it is a path."""
    host = HOST.match(text)
    return host[1] + domain(host[2]) + path(text[host.end() :]) if host else path(text)


def sent_behind_host(text: str) -> str:
    """As `sent_address`, but that the host stays: punycode takes milliseconds, which an event must not cost."""
    return _by_parts(text, str, sent_path)


SPELLED: dict[str, tuple[Spell, Spell]] = {  # column of an event: as it is sent, as it is read
    "domain": (sent_domain, read_domain),
    "path": (sent_path, read_path),
    "query": (sent_path, read_path),
    "hash": (sent_path, read_path),
    "referrer": (sent_address, read_address),
    "target_href": (sent_address, read_address),
}


def read(column: str, text: str) -> str:
    """The text of this column as people read it."""
    return SPELLED[column][1](text) if column in SPELLED else text


def spellings(column: str, text: str) -> tuple[str, ...]:
    """All the ways in which `text`, or a part of it, may be stored in the column; `text` itself comes first."""
    if column not in SPELLED:
        return (text,)
    sent, read = SPELLED[column]
    found = [text, sent(text), read(text)]
    if sent is sent_address and not HOST.match(text):  # perhaps a host without its scheme
        host, slash, rest = text.partition("/")
        found += [sent_domain(host) + slash + sent_path(rest), read_domain(host) + slash + read_path(rest)]
    if sent is not sent_domain:
        found += [each.replace(" ", "%20") for each in found[1:]]
    found += [HIGH_ESCAPE.sub(lambda escape: escape[0].lower(), each) for each in found[1:]]
    return tuple(dict.fromkeys(found))
