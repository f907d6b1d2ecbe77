"""Which names of classes, ids and parts of paths a program made up. They change with the next build or visit. Pure."""

import re

# Of libraries, which say by their form that they are made up.
MADE_UP = re.compile(
    r"""
      .*:[rR][0-9a-z]*:.* | .*«[rR][0-9a-z]*».* | _r_[0-9a-z]+_.*          # React's useId, in three versions
    | v-[0-9](-[0-9])* | (data-)?v-[0-9a-f]{6,8}                           # Vue's useId, its scoped styles
    | (radix|headlessui|react-aria|react-select|downshift|rc|mui|reach|ariakit|base-ui|bits|zag|reka)-.*[0-9:].*
    | ng-(tns-)?c[0-9].* | _ng(content|host)-.* | (mat|cdk|p|pr_id|nz|dx)[-_]([a-z]+-)*[0-9]+.*   # Angular's libraries
    | (ember|yui_|gwt-uid-|ext-gen|ext-comp-|j_id|jqg|ui-id-|select2-|dijit_|isc_|x-auto-|aui_|wp-container-)[0-9].*
    | (css|sc|svelte|astro|tss|emotion)-[0-9a-zA-Z]{5,}(-.*)?                               # styles written in scripts
    | (jsx|styled-jsx|jss|go)-?[0-9]{2,} | makeStyles-.* | \w+-(root|wrapper)-[0-9]+ | e[0-9a-z]{5,9}[0-9]{1,2}
    | _[a-zA-Z][\w-]*_[0-9a-z]{4,8}_[0-9]+                                                 # css-modules of Vite
    """,
    re.VERBOSE,
)
NOT_MADE_UP = re.compile("[a-z]{1,2}-?[0-9]{1,2}")  # h2, p-1
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
NUMBERS = re.compile(r"[0-9]+")
HEX = re.compile(r"[0-9a-f]{6,}", re.IGNORECASE)
TAIL = re.compile(r"(?:^|[-_]+)([A-Za-z0-9+]{5,})$")  # what css-modules and others put behind a name
UTILITY = re.compile(  # of Tailwind and its like: how an element looks, not what it is
    r"""-?(
      [mp][trblxyse]?-(\d+(\.\d+)?|px|auto|xs|sm|md|lg|xl) | ((min-|max-)?[wh]|size|gap(-[xy])?|space-[xy])-.+
    | (text|bg|border|ring|shadow|rounded|font|leading|tracking|opacity|z|top|left|right|bottom|inset|order|grow|shrink
       |basis|col|row|grid-cols|grid-rows|justify|items|content|self|place|flex|overflow|object|align|cursor|select
       |transition|duration|ease|delay|animate|fill|stroke|outline|from|via|to|divide|decoration|underline-offset
       |translate-[xy]|scale|rotate|aspect|line-clamp|whitespace|break|d|float|g|gx|gy|fs|fw|lh|offset)-[\w./%-]+
    | flex|grid|block|inline|inline-block|inline-flex|hidden|static|fixed|absolute|relative|sticky|truncate|uppercase
    | lowercase|capitalize|underline|italic|container|border|rounded|shadow|transition|clearfix|row|col|antialiased
    | sr-only|visible|invisible|grow|shrink|ring
    )""",
    re.VERBOSE,
)
STATE = re.compile(  # what an element is at the moment
    r"(is|has|js)-.+|active|disabled|selected|open|opened|closed|show|shown|hide|focus(ed)?|hover(ed)?|current|checked"
    r"|collapsed|expanded|loading|loaded|visited|dragging|pressed|invalid|valid|ng-.+|Mui-.+|router-link.*|fade|in|out"
    r"|(focus|touched|dirty|pristine|untouched)(-\w+)?"
)
VOWELS = re.compile("[aeiouyAEIOUY]")
SHORTEST_HASH, LONGEST_NAME = 5, 100


def is_made_up(name: str) -> bool:
    """Whether a class or an id was made by a program."""
    if NOT_MADE_UP.fullmatch(name):
        return False
    if not name or len(name) > LONGEST_NAME or NUMBERS.fullmatch(name) or MADE_UP.fullmatch(name) or UUID.search(name):
        return True
    tail = TAIL.search(name)
    return tail is not None and is_hash(tail[1])


def is_telling_class(name: str) -> bool:
    """Whether a class says what the element is: neither made up, nor how it looks, nor what it is at the moment."""
    is_plain = re.fullmatch(r"[\w-]+", name) is not None  # without brackets, colons and slashes of utilities
    return is_plain and not (is_made_up(name) or UTILITY.fullmatch(name) or STATE.fullmatch(name))


def is_hash(text: str) -> bool:
    """Whether letters and digits are mixed as nobody writes them: 3xY2z, 1a2b3c4d, bdVaJa."""
    if len(text) < SHORTEST_HASH or not re.fullmatch("[A-Za-z0-9+]+", text):
        return False
    runs = len(re.findall("[A-Za-z]+|[0-9]+", text))
    if any(each.isdigit() for each in text):
        return runs >= 3 or (HEX.fullmatch(text) is not None and not text.isdigit()) or len(text) >= 16
    humps = re.findall("[A-Z]?[a-z]+|[A-Z]", text)
    return len(text) <= 8 and len(humps) >= 3 and len(text) / len(humps) < 2.5 and not text.isupper()


def counted(name: str) -> str | None:
    """`row-*` for "row-17", where a number counts the elements of one sort; None where there is none."""
    if len(name) > LONGEST_NAME:  # the pattern takes as long as the square of it
        return None
    found = re.fullmatch(r"(.*[A-Za-z].*?[-_.:])([0-9]+)((?:[-_.:][A-Za-z][\w-]*)?)", name)
    return f"{found[1]}*{found[3]}" if found and len(found[1]) >= 3 else None


def varies(segment: str) -> bool:
    """Whether a part of a path names one of many things: a number, a date, a UUID, a hash, a slug."""
    if not re.search("[A-Za-z0-9]", segment):
        return False
    words = re.split("[-_]", segment)
    has_digits = any(each.isdigit() for each in segment)
    return bool(
        segment.isdigit()
        or UUID.search(segment)
        or (HEX.fullmatch(segment) and has_digits)
        or "@" in segment
        or "%40" in segment
        or (has_digits and len(words) > 1 and any(each.isdigit() for each in words))  # 2026-01-02, 17-red-shoes
        or len(words) >= 4
        or (has_digits and any(is_hash(each) for each in words))
        or (len(segment) >= 20 and has_digits)
    )
