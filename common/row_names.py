"""What the rows of a database table are called, in words for people."""

from functools import cache

from django.apps import apps

from common.counted import noun


def rows_of(table: str, number: int) -> str:
    """ "segments" or "segment", by number; the table's own name if it has no model."""
    one = _names().get(table)
    return noun(number, one) if one else table.replace("_", " ")


@cache
def _names() -> dict[str, str]:
    return {model._meta.db_table: str(model._meta.verbose_name) for model in apps.get_models()}
