"""Changing some fields of a row, whoever else changes others at the same time."""

from typing import Any

from django.db.models import Model


def change(row: Model, values: dict[str, Any]) -> dict[str, list[Any]]:
    """Set fields of `row` and save those that differ from what is stored now; returns {name: [before, after]} of them.

    Call it in a transaction, to whose end the row stays locked.
    """
    stored = type(row)._default_manager.select_for_update(no_key=True).get(pk=row.pk)
    changed = {name: [getattr(stored, name), value] for name, value in values.items() if getattr(stored, name) != value}
    for name, (_, value) in changed.items():
        setattr(row, name, value)
    if changed:
        row.save(update_fields=list(changed))
    return changed
