"""The URL converter for an environment's app_id: `<app_id:app_id>`."""


class AppIdConverter:
    """An environment's ten digits in a URL."""

    regex = "[1-9][0-9]{9}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)
