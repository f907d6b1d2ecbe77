"""What a request costs of an environment's limit (common/token_buckets.py): so many tokens. Reads no clock."""

TOKEN_BYTES = 1_024
TOKEN_PROPERTIES = 16


def price(weight: int, size: int, properties: int = 0) -> int:
    """How many tokens a request takes: one for each event and the like, more if it is large or has many properties.

    So what a request costs us, and not how it is cut up, decides how much an environment may send.
    """
    return max(1, weight, size // TOKEN_BYTES, properties // TOKEN_PROPERTIES)
