from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        from analytics import touched
        from analytics.environments import copy, counterparts, usage
        from events.erasure import register_list
        from projects import registry

        counterparts.register()
        touched.register()
        register_list("analytics_segmentmember")
        registry.register_copier(copy.copy)
        registry.register_usage(usage.usage)
        registry.register_kept(usage.kept)
