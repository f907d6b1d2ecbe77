"""The collector with other limits than its own, so that a test reaches them without waiting long.

gunicorn calls `collector` when it is named as the application: `CollectingServer(…, application=with_limits({…}))`.
"""

from importlib import import_module

from collector.asgi import Collector, from_settings


def with_limits(limits: dict[str, float], *, pages: bool = False) -> str:
    """What gunicorn is told to run; `limits` are constants by full names, like {"collector.asgi.BODY_SECONDS": 1.0}."""
    return f"{__name__}:{'everything' if pages else 'collector'}({limits!r})"


def collector(limits: dict[str, float]) -> Collector:
    """The collector with these limits, set in this process only. Raises AttributeError for an unknown limit."""
    _set(limits)
    return from_settings()


def everything(limits: dict[str, float]) -> Collector:
    """The same with pages behind it."""
    _set(limits)
    from heapadmin.asgi import application  # noqa: PLC0415  (it reads the limits when it is loaded)

    return application


def _set(limits: dict[str, float]) -> None:
    for name, value in limits.items():
        module, _, constant = name.rpartition(".")
        getattr(import_module(module), constant)
        setattr(import_module(module), constant, value)
