"""Pages of ipfilter."""

from django.urls import URLPattern

app_name = "ipfilter"
urlpatterns: list[URLPattern] = []
