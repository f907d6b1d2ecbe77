"""The URL converter for an environment's app_id: `<app_id:app_id>`."""


class AppIdConverter:
    """An environment's digits in a URL: ten, or fewer in one that was brought along from Heap."""

    regex = "[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)
