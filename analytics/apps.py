from importlib import import_module

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def import_models(self) -> None:
        """Those of shelves that have models of their own too."""
        super().import_models()
        import_module("analytics.alerts.models")
        import_module("analytics.labelling.models")
        import_module("analytics.subscriptions.models")

    def ready(self) -> None:
        from accounts.leaving import register_kept
        from analytics import touched
        from analytics.environments import copy, counterparts, usage
        from analytics.shared_links.listed import links_of_leaver
        from events.erasure import register_list
        from projects import registry

        counterparts.register()
        touched.register()
        register_list("analytics_segmentmember")
        registry.register_copier(copy.copy)
        registry.register_usage(usage.usage)
        registry.register_kept(usage.kept)
        register_kept(links_of_leaver)
