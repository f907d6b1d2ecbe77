from django.apps import AppConfig
from django.urls import register_converter

from projects.converters import AppIdConverter


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from accounts import by_project
        from projects import roles, touched

        register_converter(AppIdConverter, "app_id")
        touched.register()
        by_project.register(roles.Roles())
