"""Django's cache in the database, which goes on in memory while the database cannot store anything.

Limits are counted in it. Django's own takes what cannot be stored for something that is there already, so on a full
disk every limit would seem to be reached.
"""

import pickle
from collections.abc import Callable, Iterable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.db import DatabaseError, connections, router, transaction

from common.database import cannot_store

MOST_IN_MEMORY = 10_000  # entries, of each process; those not used for longest go first
LARGEST_IN_MEMORY = 4096  # bytes


class DatabaseOrMemoryCache(DatabaseCache):
    """What cannot be stored is kept by the process alone, until it can be stored again or has run out."""

    def __init__(self, table: str, params: dict[str, Any]) -> None:
        super().__init__(table, params)
        self._memory = LocMemCache(table, params | {"OPTIONS": {"MAX_ENTRIES": MOST_IN_MEMORY}})

    def get_many(self, keys: Iterable[Any], version: int | None = None) -> dict[Any, Any]:
        keys = list(keys)
        known = self._memory.get_many(keys, version)
        return super().get_many([key for key in keys if key not in known], version) | known

    def has_key(self, key: Any, version: int | None = None) -> bool:
        return self._memory.has_key(key, version) or super().has_key(key, version)

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        if self._memory.has_key(key, version):
            return False
        added, could_store = self._watch(lambda: super(DatabaseOrMemoryCache, self).add(key, value, timeout, version))
        if could_store:
            return added
        return not super().has_key(key, version) and self._memory.add(key, value, timeout, version)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        _, could_store = self._watch(lambda: super(DatabaseOrMemoryCache, self).set(key, value, timeout, version))
        if could_store:
            self._memory.delete(key, version)
        elif len(pickle.dumps(value)) <= LARGEST_IN_MEMORY:
            self._memory.set(key, value, timeout, version)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return self._memory.delete(key, version) | super().delete(key, version)

    def delete_many(self, keys: Iterable[Any], version: int | None = None) -> None:
        keys = list(keys)
        self._memory.delete_many(keys, version)
        super().delete_many(keys, version)

    def clear(self) -> None:
        self._memory.clear()
        super().clear()

    def _base_delete_many(self, keys: list[str]) -> bool:
        """Also called for what has run out, by those who only read."""
        try:
            with transaction.atomic(using=self._database):
                return bool(super()._base_delete_many(keys))  # type: ignore[misc]  # unknown to django-stubs
        except DatabaseError as error:
            if not cannot_store(error):
                raise
            return False

    def _watch(self, store: Callable[[], Any]) -> tuple[bool, bool]:
        """Whether `store` did it, and whether the database could. Django swallows the error; we see it pass."""
        refused = False

        def look(execute: Callable[..., Any], *arguments: Any) -> Any:
            nonlocal refused
            try:
                return execute(*arguments)
            except DatabaseError as error:
                refused = refused or cannot_store(error)
                raise

        try:
            with connections[self._database].execute_wrapper(look):
                return bool(store()), not refused
        except DatabaseError:
            if not refused:
                raise
            return False, False

    @property
    def _database(self) -> str:
        return router.db_for_write(self.cache_model_class)
