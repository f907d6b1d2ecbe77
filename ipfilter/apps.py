from django.apps import AppConfig


class IpfilterConfig(AppConfig):
    name = "ipfilter"

    def ready(self) -> None:
        from ipfilter.page import statistics
        from projects import registry

        registry.register_kept(statistics.kept)
