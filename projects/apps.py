from django.apps import AppConfig
from django.urls import register_converter

from projects.converters import AppIdConverter


class ProjectsConfig(AppConfig):
    name = "projects"

    def ready(self) -> None:
        from projects import touched

        register_converter(AppIdConverter, "app_id")
        touched.register()
