"""The URL converter for people, `<actor_id:actor_id>`. The number of an identified person is below zero."""


class ActorIdConverter:
    """A bigint in decimal digits."""

    regex = r"-?\d{1,19}"

    def to_python(self, value: str) -> int:
        number = int(value)
        if not -(2**63) <= number < 2**63:
            raise ValueError(value)
        return number

    def to_url(self, value: int) -> str:
        return str(value)
