from django.apps import AppConfig


class EventsConfig(AppConfig):
    name = "events"

    def ready(self) -> None:
        from events import newest
        from projects import registry

        registry.register_arrivals(newest.arrived_at)
