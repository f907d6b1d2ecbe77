from django.apps import AppConfig
from django.urls import register_converter

from projects.converters import AppIdConverter


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from accounts.leaving import register_ender, register_kept
        from projects import touched
        from projects.actions import api_keys_of_leaver, revoke_api_keys_of_leaver

        register_converter(AppIdConverter, "app_id")
        touched.register()
        register_ender(revoke_api_keys_of_leaver)
        register_kept(api_keys_of_leaver)
