from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "support"

    def ready(self) -> None:
        from accounts.door import register_lender
        from support.visits.membership import lend

        register_lender(lend)
