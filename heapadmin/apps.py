from django.apps import AppConfig


class HeapadminConfig(AppConfig):
    name = "heapadmin"

    def ready(self) -> None:
        from heapadmin.given_settings import checks  # noqa: F401  # registers itself
