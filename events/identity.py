"""Who an event belongs to, as one number.

A visitor is his `user_id` as it is: 0 and up. Somebody identified is the negative of a hash of environment and
identity, so nothing has to be looked up to write an event. 63 bits of hash: among a million people of one environment
two share a number with a chance of 1 in 20 million; they would then be one person.
"""

from hashlib import blake2b

MAX_VISITOR = 2**53 - 1  # what a JavaScript number holds exactly


def actor_of(environment_id: int, identity: str) -> int:
    """Return the number, -2^63 to -1, of the person whom `identity` names in an environment. Case counts."""
    digest = blake2b(b"%d:" % environment_id + identity.encode(), digest_size=8).digest()
    return -(int.from_bytes(digest, "big") >> 1) - 1


def key_digest(environment_id: int, key: str) -> str:
    """Return 128 bits, as 32 hexadecimal digits, that stand for an idempotency key of one environment."""
    return blake2b(b"%d:" % environment_id + key.encode(), digest_size=16, person=b"idempotency").hexdigest()
