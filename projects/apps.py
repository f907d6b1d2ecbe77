from django.apps import AppConfig
from django.urls import register_converter

from projects.converters import AppIdConverter


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from accounts import by_project
        from accounts.leaving import register_ender, register_kept
        from projects import roles, touched
        from projects.actions import api_keys_of_leaver, revoke_api_keys_of_leaver

        register_converter(AppIdConverter, "app_id")
        touched.register()
        by_project.register(roles.Roles())
        register_ender(revoke_api_keys_of_leaver)
        register_kept(api_keys_of_leaver)
