"""How a person is named in URLs: `<actor_id:actor_id>`, below zero for an identified person."""


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
