"""The name of an event as it is stored: an index entry holds at most 2,704 bytes, and its other columns need some."""

from hashlib import blake2b

MAX_BYTES = 2_400  # in UTF-8; a longer name is kept whole in a column that no index has
SURELY_SHORT = MAX_BYTES // 4  # characters
SHOWN_BYTES = 1_000


def stored_name(name: str) -> str:
    """`name` itself. Of one that is too long, its beginning and a digest, which stand for it in counts."""
    if len(name) <= SURELY_SHORT or len(whole := name.encode()) <= MAX_BYTES:
        return name
    digest = blake2b(whole, digest_size=16, person=b"name").hexdigest()
    return f"{whole[:SHOWN_BYTES].decode(errors='ignore')}… {digest}"
