"""Tags: a few short words per definition, segment or report, by which lists are narrowed."""

from collections.abc import Iterable

from analytics.models import MAX_TAG, MAX_TAGS


class BadTags(Exception):
    """The text cannot be read as tags. `str()` of it says why, for people."""


def read_tags(text: str) -> list[str]:
    """The tags in "Checkout, needs review": in small letters and in order, each once. Raises BadTags."""
    tags = sorted({" ".join(each.lower().split()) for each in text.replace("\0", "").split(",")} - {""})
    if len(tags) > MAX_TAGS:
        raise BadTags(f"At most {MAX_TAGS} tags at once.")
    if too_long := [each for each in tags if len(each) > MAX_TAG]:
        raise BadTags(f"A tag has at most {MAX_TAG} characters: “{too_long[0][:MAX_TAG]}…” is longer.")
    return tags


def changed_tags(tags: Iterable[str], add: Iterable[str] = (), remove: Iterable[str] = ()) -> list[str]:
    """These tags with some more and without others. Raises BadTags if they are too many."""
    changed = sorted((set(tags) | set(add)) - set(remove))
    if len(changed) > MAX_TAGS:
        raise BadTags(f"Nothing has more than {MAX_TAGS} tags.")
    return changed
