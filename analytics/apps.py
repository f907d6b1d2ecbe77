from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        from analytics import copying, counterparts, usage
        from projects import registry

        counterparts.register()
        registry.register_copier(copying.copy)
        registry.register_usage(usage.usage, usage.last_event_at)
        registry.register_kept(usage.kept)
