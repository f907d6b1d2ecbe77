from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def import_models(self) -> None:
        """Also those of the shelves: they point to the app's own, which so cannot import them."""
        super().import_models()
        from accounts.scim import models as of_scim  # noqa: F401
        from accounts.sso import models as of_sso  # noqa: F401

    def ready(self) -> None:
        from accounts import leaving, signals
        from accounts.actions.logins import end_sessions_of_leaver
        from accounts.scim.token_actions import tokens_of_leaver

        signals.connect()
        leaving.register_ender(end_sessions_of_leaver)
        leaving.register_kept(tokens_of_leaver)
