"""Explains to people why their text is not a rule, and suggests what they may have meant.

Each function below recognises one kind of mistake and returns None for any other. Every
suggestion is a text that parses, so a page can offer it as it is.
"""

import re
import unicodedata
from collections.abc import Callable

from ipfilter.rules.parsing import HEX_DIGITS, OCTETS, NotARule, parse_rule
from ipfilter.rules.triples import BITS, FULL, MASKS

Refusal = tuple[str, str | None]

HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
QUOTES = "\"'`\u2018\u2019\u201a\u201c\u201d\u201e\u00ab\u00bb"
IDEOGRAPHIC_STOP = {0x3002: "."}

LONGEST = 200
"""In characters. No rule is longer. The limit keeps the guesses below cheap."""

NUMBERS = {1: "one part", 2: "two parts", 3: "three parts"}


def refusal(text: str, parser_says: NotARule) -> Refusal:
    """The reason and, if possible, a suggestion. The reason continues a sentence after `text`: "… is a host name"."""
    if len(text) > LONGEST:
        return f"has {len(text):,} characters, too many for a rule", None
    for confusion in CONFUSIONS:
        found = confusion(text)
        if found:
            return found
    return parser_says.reason, parser_says.suggestion


def _near(text: str) -> str | None:
    """`text` if it is a rule, else None. None also for a rule that blocks everybody: we never suggest that."""
    try:
        triples = parse_rule(text).triples
    except NotARule:
        return None
    return text if all(triple.mask for triple in triples) else None


def _invisible(text: str) -> Refusal | None:
    hidden = next((character for character in text if _is_hidden(character)), None)
    if hidden is None:
        return None
    kept = "".join(character for character in text if not _is_hidden(character))
    return f"contains an invisible character ({_name(hidden)})", _near(kept.strip())


def _is_hidden(character: str) -> bool:
    """Zero-width and direction marks, control characters, surrogates, private and unassigned ones. A tab is a space."""
    return character != "\t" and unicodedata.category(character)[0] == "C"


def _name(character: str) -> str:
    code = f"U+{ord(character):04X}"
    name = unicodedata.name(character, "").lower()
    return f"{name}, {code}" if name else code


def _beyond_ascii(text: str) -> Refusal | None:
    foreign = next((character for character in text if not character.isascii()), None)
    if foreign is None:
        return None
    plain = unicodedata.normalize("NFKC", text.translate(HYPHENS | IDEOGRAPHIC_STOP))
    plain = "".join(_ascii_digit(character) for character in plain)
    if foreign.isdigit():
        reason = f"contains {foreign} ({_name(foreign)}), which is not one of the digits 0 to 9"
    else:
        reason = f"contains {foreign} ({_name(foreign)}), which cannot occur in an IP address"
    return reason, _near(plain)


def _ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _quotes(text: str) -> Refusal | None:
    if not text.startswith(tuple(QUOTES)) and not text.endswith(tuple(QUOTES)):
        return None
    return "has quotes around it: write the address alone", _near(text.strip(QUOTES + " \t"))


def _web_address(text: str) -> Refusal | None:
    if "://" not in text and not text.startswith("//"):
        return None
    host = re.split(r"[/?]", text.partition("//")[2], maxsplit=1)[0]
    host = host.rpartition("@")[2]
    found = _brackets(host) or _port(host)
    suggestion = found[1] if found else _near(host)
    return "is a web address: write the IP address that visitors come from", suggestion


def _brackets(text: str) -> Refusal | None:
    if "[" not in text and "]" not in text:
        return None
    inside = re.fullmatch(r"\[([^\[\]]*)\](:[0-9]*)?(/[0-9]+)?", text)
    suggestion = _near(inside[1] + (inside[3] or "")) if inside else None
    if inside and inside[2]:
        return "names a port: a rule holds for all ports, so write the address alone", suggestion
    return "has brackets around it: write the address alone", suggestion


def _port(text: str) -> Refusal | None:
    found = re.fullmatch(r"([0-9.*]+\.[0-9.*]+):([0-9]*)", text)
    if not found:
        return None
    return "names a port: a rule holds for all ports, so write the address alone", _near(found[1])


def _percent(text: str) -> Refusal | None:
    """`10.%`, as databases write wildcards."""
    parts = re.split(r"[.:]", text)
    if "%" not in parts:
        return None
    return "has % in it: * stands for any number", _near(text.replace("%", "*"))


def _zone(text: str) -> Refusal | None:
    if "%" not in text:
        return None
    bare = re.sub(r"%[^/\s-]*", "", text)
    return "names a network interface after the %: write the address alone", _near(bare)


def _inner_space(text: str) -> Refusal | None:
    pieces = re.split(r"[\s;|]+", text)
    if len(pieces) == 1 or re.search(r"\s-|-\s", text):
        return None
    if len(pieces) == 2 and pieces[1].startswith(("255.", "0.")) and (length := _mask_length(pieces[1])):
        return "is an address and a netmask: write a / and the number of its bits", _near(f"{pieces[0]}/{length}")
    if "/" in text and _near("".join(pieces)):
        return "has a space in it", "".join(pieces)
    if all(piece and _near(piece) for piece in pieces):
        return "is more than one address: put a comma or a new line between them", ", ".join(pieces)
    if not re.search(r"\s", text):
        return None
    return "has a space in it: write a note behind a # sign, and a comma between two addresses", None


def _host_name(text: str) -> Refusal | None:
    if ":" in text or not any(character.isalpha() for character in text):
        return None
    return "is a name: write the IP address, since the address behind a name can change", None


def _slash(text: str) -> Refusal | None:
    head, slash, tail = text.partition("/")
    if not slash or "-" in text:
        return None
    if "/" in tail:
        return "has more than one /", None
    if "*" in head:
        return "has both * and /: use one of the two", _near(head)
    if "." in tail:
        return _netmask(head, tail)
    version = 6 if ":" in head else 4
    if not (tail.isdigit() and int(tail) <= BITS[version]):
        return f"needs a number from 0 to {BITS[version]} after the /", None
    if tail != str(int(tail)):
        return "has a leading zero after the /", _near(f"{head}/{int(tail)}")
    if not head:
        return "has no address before the /", None
    return _cidr_address(head, tail, version)


def _cidr_address(head: str, tail: str, version: int) -> Refusal | None:
    filled = _near(f"{head}::/{tail}" if version == 6 else f"{head}{'.0' * (3 - head.count('.'))}/{tail}")
    if filled:
        return "has an address before the / that is not complete", filled
    try:
        parse_rule(head)
    except NotARule as refused:
        reason, better = refusal(head, refused)
        return f"has a wrong address before the /: {head} {reason}", _near(f"{better}/{tail}")
    return None


def _netmask(head: str, tail: str) -> Refusal:
    length = _mask_length(tail)
    reason = "has a netmask after the /: write the number of its bits instead"
    return reason, None if length is None else _near(f"{head}/{length}")


def _mask_length(text: str) -> int | None:
    """The number of bits of a netmask like 255.255.0.0, or 0.0.255.255; None for any other text."""
    octets = [OCTETS.get(part) for part in text.split(".")]
    if len(octets) != 4 or None in octets:
        return None
    mask = sum(octet << shift for octet, shift in zip(octets, (24, 16, 8, 0), strict=True) if octet)
    return next((each.bit_count() for each in (mask, mask ^ FULL[4]) if each in MASKS[4]), None)


def _dash(text: str) -> Refusal | None:
    ends = [end.strip() for end in text.split("-")]
    if len(ends) == 1:
        return None
    if len(ends) > 2 or not all(ends):
        return "is not a range: a range is two addresses with one - between them", None
    first, last = ends
    if "*" in text or "/" in text:
        return "is a range that has * or / in it: write the first and the last address", None
    if last in OCTETS:
        short = _near(f"{first}-{first.rpartition('.')[0]}.{last}")
        if short:
            return "is a range with a short end: write the last address in full", short
    return _range_ends(first, last)


def _range_ends(first: str, last: str) -> Refusal | None:
    reasons, better = [], []
    for end in (first, last):
        try:
            parse_rule(end)
        except NotARule as refused:
            reason, near = refusal(end, refused)
            reasons.append(f"{end} {reason}")
            better.append(near or "")
        else:
            better.append(end)
    if not reasons:
        return None
    return f"has a wrong end: {reasons[0]}", _near("-".join(better))


def _ipv4(text: str) -> Refusal | None:
    if not re.fullmatch(r"[0-9.*?]+", text):
        return None
    bare = text.rstrip(".")
    parts = bare.split(".")
    return _bad_octet(bare, parts) or _part_count(text, bare, parts)


def _part_count(text: str, bare: str, parts: list[str]) -> Refusal | None:
    count = len(parts)
    if count > 4:
        fewer = _near(".".join(parts[:4])) if set(parts[4:]) == {"*"} else None
        return f"has {count} parts, but an IPv4 address has four", fewer
    if count < 4:
        reason = f"has only {NUMBERS[count]}, but an IPv4 address has four"
        whole = _near(f"{bare}.*") if count > 1 else None
        return (f"{reason}: write {whole} to exclude the whole range", whole) if whole else (reason, None)
    if text != bare:
        return "ends with a dot", _near(bare)
    return None


def _bad_octet(text: str, parts: list[str]) -> Refusal | None:
    for part in parts:
        if part in OCTETS or part == "*":
            continue
        if not part:
            return "has two dots with nothing between them, or begins with a dot", None
        if not part.isdigit():
            wider = ".".join("*" if "*" in part or "?" in part else part for part in parts)
            return f"has {part} in it: * stands for a whole part only", _near(wider)
        if part[0] == "0":
            plain = ".".join(part.lstrip("0") or "0" if part.isdigit() else part for part in parts)
            return f"has {part} in it: a leading zero can be read in two ways, so leave it out", _near(plain)
        return f"has {_short(part)} in it: a part of an IPv4 address is at most 255", None
    return None


def _short(part: str) -> str:
    return part if len(part) <= 12 else f"{part[:12]}…"


def _ipv6(text: str) -> Refusal | None:
    if ":" not in text or "-" in text or "/" in text:
        return None
    if "*" in text and "::" in text:
        wide = _near(text.replace("::", ":"))
        return "has both :: and *, which can be read in two ways: write out the groups", wide
    groups = text.split(":")
    if "." in groups[-1]:
        return _embedded_ipv4(groups[-1])
    wrong = next((group for group in groups if not _is_group(group)), None)
    if wrong is not None:
        return _bad_group(wrong, groups)
    if text.count("::") > 1 or ":::" in text:
        return "has :: twice: an IPv6 address has it at most once", None
    return _group_count(text, groups)


def _is_group(group: str) -> bool:
    return group in ("", "*") or (len(group) <= 4 and HEX_DIGITS.issuperset(group))


def _bad_group(wrong: str, groups: list[str]) -> Refusal:
    if "*" in wrong or "?" in wrong:
        wider = ":".join("*" if "*" in group or "?" in group else group for group in groups)
        return f"has {_short(wrong)} in it: * stands for a whole group only", _near(wider)
    return f"has {_short(wrong)} in it: a group of an IPv6 address is one to four of 0-9 and a-f", None


def _embedded_ipv4(dotted: str) -> Refusal | None:
    try:
        parse_rule(dotted)
    except NotARule as refused:
        return f"ends with a wrong IPv4 address: {dotted} {refusal(dotted, refused)[0]}", None
    return None


def _group_count(text: str, groups: list[str]) -> Refusal | None:
    bare = text.rstrip(":") if not text.endswith("::") else text
    count = len([group for group in groups if group])
    if count > 8:
        return f"has {count} groups, but an IPv6 address has eight", None
    if 0 < count < 8 and "::" not in text:
        whole = _near(f"{bare}:*")
        reason = f"has {'only one group' if count == 1 else f'{count} groups'}, but an IPv6 address has eight"
        return (f"{reason}: write {whole} to exclude the whole range", whole) if whole else (reason, None)
    return None


CONFUSIONS: tuple[Callable[[str], Refusal | None], ...] = (
    _invisible,
    _quotes,
    _beyond_ascii,
    _web_address,
    _brackets,
    _port,
    _percent,
    _zone,
    _inner_space,
    _slash,
    _host_name,
    _dash,
    _ipv4,
    _ipv6,
)
"""In the order in which they are tried: text that is clearly something else comes first."""
