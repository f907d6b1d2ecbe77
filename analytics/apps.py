from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        from analytics.environments import copy, counterparts, usage
        from events.erasure import register_erasure
        from projects import registry

        counterparts.register()
        register_erasure("analytics_segmentmember")
        registry.register_copier(copy.copy)
        registry.register_usage(usage.usage)
        registry.register_kept(usage.kept)
