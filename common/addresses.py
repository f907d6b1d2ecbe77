"""The two spellings of an address: as browsers send it, and as people read it.

    /caf%C3%A9/men%C3%BC       /café/menü
    xn--caf-dma.example        café.example

Only characters beyond ASCII and the space have two spellings. All other escapes stay as they are, because they mean
something else than what they stand for (%2F, %25), or nothing (a broken %C3). Nothing is lost by reading.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator

ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
HIGH_ESCAPE = re.compile(r"%[89A-F][0-9A-F]")
LABEL = re.compile(r"[^.:@/*\[\]\s]+")
HOST = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.-]*:)?//)([^/?#]*)")
PUNYCODE = "xn--"
LONGEST_LABEL = 63

Spell = Callable[[str], str]


# --- Paths, queries, hashes -----------------------------------------------------------------------------------------


def sent_path(text: str) -> str:
    """A path, query or hash in the spelling of browsers, with capitals in its escapes. Spaces stay as they are."""
    if text.isascii() and "%" not in text:
        return text
    return BEYOND_ASCII.sub(_escaped, _decoded(text, lambda character: character != " "))


def read_path(text: str) -> str:
    """A path, query or hash as people read it. What cannot be seen, or turns the text around it, stays escaped."""
    return _decoded(text, str.isprintable) if "%" in text else text


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode(errors="surrogatepass"))


def _decoded(text: str, is_wanted: Callable[[str], bool]) -> str:
    return ESCAPES.sub(lambda run: "".join(_characters(run[0], is_wanted)), text)


def _characters(run: str, is_wanted: Callable[[str], bool]) -> Iterator[str]:
    """The escapes of a run, those of wanted characters decoded."""
    data, at = bytes.fromhex(run.replace("%", "")), 0
    while at < len(data):
        length = _length(data[at])
        try:
            character = data[at : at + length].decode() if length > 1 or data[at] == ord(" ") else ""
        except UnicodeDecodeError:
            character, length = "", 1
        yield character if character and is_wanted(character) else run[3 * at : 3 * (at + length)]
        at += length


def _length(first: int) -> int:
    """How many bytes a character has that begins with this one."""
    return 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4


# --- Domains --------------------------------------------------------------------------------------------------------


def sent_domain(text: str) -> str:
    """A domain in the spelling of browsers, in which labels beyond ASCII are punycode."""
    return text if text.isascii() else LABEL.sub(lambda label: _sent_label(label[0]), text)


def read_domain(text: str) -> str:
    """A domain as people read it. A label stays as it is if browsers would not spell it so."""
    return LABEL.sub(lambda label: _read_label(label[0]), text) if PUNYCODE in text else text


def _sent_label(label: str) -> str:
    if label.isascii() or len(label) > LONGEST_LABEL:
        return label
    mapped = unicodedata.normalize("NFKC", label.lower())
    if mapped.isascii():
        return mapped
    try:
        return PUNYCODE + mapped.encode("punycode").decode()
    except UnicodeError:
        return label


def _read_label(label: str) -> str:
    if not label.startswith(PUNYCODE) or len(label) > LONGEST_LABEL:
        return label
    try:
        read = label.removeprefix(PUNYCODE).encode().decode("punycode")
    except (UnicodeError, ValueError):
        return label
    return read if read.isprintable() and _sent_label(read) == label else label


# --- Whole addresses, and paths alone -------------------------------------------------------------------------------


def sent_address(text: str) -> str:
    return _by_parts(text, sent_domain, sent_path)


def read_address(text: str) -> str:
    return _by_parts(text, read_domain, read_path)


def _by_parts(text: str, domain: Spell, path: Spell) -> str:
    """Spell the host of an address its own way. Without a host it is a path."""
    host = HOST.match(text)
    return host[1] + domain(host[2]) + path(text[host.end() :]) if host else path(text)


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
