"""What the service can do, as SCIM tells it: ServiceProviderConfig, ResourceTypes, Schemas."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from scim2_models import (
    AuthenticationScheme,
    Bulk,
    ChangePassword,
    Context,
    ETag,
    Filter,
    Meta,
    Patch,
    ResourceType,
    Schema,
    ServiceProviderConfig,
    Sort,
)

from accounts.scim import people, search
from accounts.scim.endpoint import answer, endpoint
from accounts.scim.models import ScimToken
from accounts.scim.told import ScimUser
from accounts.scim.views import listed
from common import links

ROOT = "/scim/v2"


@endpoint("GET")
def service_provider_config(request: HttpRequest, token: ScimToken) -> HttpResponse:
    config = ServiceProviderConfig(
        patch=Patch(supported=True),
        bulk=Bulk(supported=False, max_operations=0, max_payload_size=0),
        filter=Filter(supported=True, max_results=search.MOST_AT_ONCE),
        change_password=ChangePassword(supported=False),
        sort=Sort(supported=False),
        etag=ETag(supported=True),
        authentication_schemes=[
            AuthenticationScheme(
                type=AuthenticationScheme.Type.oauthbearertoken,
                name="Bearer token",
                description="A SCIM token, made under Settings in Heapadmin",
                primary=True,
            )
        ],
    )
    config.meta = _meta("ServiceProviderConfig", "ServiceProviderConfig")
    return answer(config.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


@endpoint("GET")
def resource_types(request: HttpRequest, token: ScimToken, name: str = "") -> HttpResponse:
    kind = ResourceType.model_validate(
        {
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "schema": str(ScimUser.__schema__),
            "description": "A person",
        }
    )
    kind.meta = _meta("ResourceType", "ResourceTypes/User")
    return _described(request, ResourceType, kind, name)


@endpoint("GET")
def schemas(request: HttpRequest, token: ScimToken, name: str = "") -> HttpResponse:
    schema = ScimUser.to_schema()
    schema.name = "User"
    schema.description = "A person, with the attributes that are kept here"
    schema.meta = _meta("Schema", f"Schemas/{schema.id}")
    return _described(request, Schema, schema, name)


def _described(request: HttpRequest, kind: Any, resource: Any, name: str) -> HttpResponse:
    """The list of the only one, or that one."""
    if not name:
        return listed(request, kind, [resource], total=1, start_index=1)
    if name != resource.id:
        raise people.NotThere
    return answer(resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


def _meta(kind: str, path: str) -> Meta:
    return Meta(resource_type=kind, location=links.absolute(f"{ROOT}/{path}"))
