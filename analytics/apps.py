from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        from analytics import touched
        from analytics.environments import copy, counterparts, usage
        from projects import registry

        counterparts.register()
        touched.register()
        registry.register_copier(copy.copy)
        registry.register_usage(usage.usage)
        registry.register_kept(usage.kept)
