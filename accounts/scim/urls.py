"""What an account's directory calls. The paths have no names: no page leads there."""

from django.urls import re_path

from accounts.scim import discovery, views

urlpatterns = [
    re_path(r"^ServiceProviderConfig/?$", discovery.service_provider_config),
    re_path(r"^ResourceTypes(?:/(?P<name>[^/]+))?/?$", discovery.resource_types),
    re_path(r"^Schemas(?:/(?P<name>[^/]+))?/?$", discovery.schemas),
    re_path(r"^Users/?$", views.users),
    re_path(r"^Users/(?P<number>[^/]+)/?$", views.user),
    re_path(r"^Groups/?$", views.groups),
    re_path(r"^(?P<path>.*)$", views.not_offered),
]
