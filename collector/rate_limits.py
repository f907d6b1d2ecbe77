"""Limits how much one environment may send: each has a token bucket in the memory of one process. Reads no clock."""

from common.token_buckets import BURST_SECONDS, MOST_KEPT, Buckets

__all__ = ["BURST_SECONDS", "MOST_KEPT", "Buckets", "price"]

TOKEN_BYTES = 1_024
TOKEN_PROPERTIES = 16


def price(weight: int, size: int, properties: int = 0) -> int:
    """How many tokens a request takes: one for each event and the like, more if it is large or has many properties.

    So what a request costs us, and not how it is cut up, decides how much an environment may send.
    """
    return max(1, weight, size // TOKEN_BYTES, properties // TOKEN_PROPERTIES)
