"""The number of the person or visitor that an event belongs to.

The number of a visitor is their `user_id`: 0 and up. The number of an identified person is the negative hash of
environment and identity, so an event is written without a look-up. The hash has 63 bits: among a million people of
one environment, the chance that two have the same number, and count as one person, is 1 in 20 million.
"""

from hashlib import blake2b

MAX_VISITOR = 2**53 - 1  # what a JavaScript number holds exactly


def actor_of(environment_id: int, identity: str) -> int:
    """Return the number, -2^63 to -1, of the person with this `identity` in an environment. Case matters."""
    digest = blake2b(b"%d:" % environment_id + identity.encode(), digest_size=8).digest()
    return -(int.from_bytes(digest, "big") >> 1) - 1


def number_of(text: str) -> int:
    """Return 53 bits that stand for an id of another system: a visitor or a session that is no number of ours."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8, person=b"anonymous").digest()) & MAX_VISITOR


def key_digest(environment_id: int, key: str) -> str:
    """Return 128 bits, as 32 hexadecimal digits, that stand for an idempotency key of one environment."""
    return blake2b(b"%d:" % environment_id + key.encode(), digest_size=16, person=b"idempotency").hexdigest()
