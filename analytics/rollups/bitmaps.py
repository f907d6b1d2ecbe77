"""Sets of people as bits of one whole number: bit n is the person at position n. Pure."""

from collections.abc import Iterable, Sequence

Bitmap = int
SamePerson = tuple[int, ...]  # positions that are one person


def from_positions(positions: Iterable[int]) -> Bitmap:
    positions = list(positions)
    if not positions:
        return 0
    packed = bytearray(max(positions) // 8 + 1)
    for position in positions:
        packed[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(packed, "little")


def to_bytes(bitmap: Bitmap) -> bytes:
    """Lowest position first, as PostgreSQL's get_bit counts; no zero bytes at the end."""
    return bitmap.to_bytes((bitmap.bit_length() + 7) // 8, "little")


def from_bytes(packed: bytes | bytearray | memoryview) -> Bitmap:
    return int.from_bytes(packed, "little")


def union(bitmaps: Iterable[Bitmap]) -> Bitmap:
    everybody = 0
    for bitmap in bitmaps:
        everybody |= bitmap
    return everybody


def merged(packed: bytes | memoryview, groups: Sequence[SamePerson]) -> Bitmap:
    """The bitmap in which the positions of a group are one person, the one at the group's first position."""
    if not groups:
        return from_bytes(packed)
    changed = bytearray(packed)
    size = len(changed) * 8
    for keeper, *others in groups:
        for other in others:
            if other < size and changed[other >> 3] >> (other & 7) & 1:
                changed[other >> 3] ^= 1 << (other & 7)
                if keeper >= len(changed) * 8:
                    changed.extend(bytes(keeper // 8 + 1 - len(changed)))
                changed[keeper >> 3] |= 1 << (keeper & 7)
    return from_bytes(changed)
