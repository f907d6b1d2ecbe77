from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        from analytics.environments import copy, counterparts
        from analytics.store import usage
        from projects import registry

        counterparts.register()
        registry.register_copier(copy.copy)
        registry.register_usage(usage.usage, usage.last_event_at)
        registry.register_kept(usage.kept)
