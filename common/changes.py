"""Changes some fields of a row, without undoing simultaneous changes of other fields."""

from typing import Any

from django.db.models import Model


def change(row: Model, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Set fields of `row` and save those that differ from the stored values; returns {name: [before, after]} of these.

    Call it in a transaction. The row stays locked until the transaction ends.
    """
    stored = type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)
    changed = {name: [getattr(stored, name), value] for name, value in values.items() if getattr(stored, name) != value}
    for name, (_, value) in changed.items():
        setattr(row, name, value)
    if changed:
        row.save(update_fields=list(changed))
    return changed
