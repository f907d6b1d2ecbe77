from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def import_models(self) -> None:
        """Also those of the shelf: they point to the app's own, which so cannot import them."""
        super().import_models()
        from accounts.sso import models  # noqa: F401

    def ready(self) -> None:
        from accounts import signals

        signals.connect()
