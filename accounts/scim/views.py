"""The endpoints of /scim/v2/ about people, and about groups, of which there are none."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from scim2_models import Context, Group, ListResponse, Resource, ResponseParameters

from accounts.full_access import LastFullAccess
from accounts.scim import people, search, told
from accounts.scim.endpoint import ScimRefused, answer, body_of, endpoint, words_of
from accounts.scim.models import ScimPerson, ScimToken
from accounts.scim.told import ScimUser

NO_GROUPS = "groups are not kept here: whoever joins gets the access that was chosen for the token"
NOT_OFFERED = "there is nothing at this address: see /scim/v2/ServiceProviderConfig"


@endpoint("GET", "POST")
def users(request: HttpRequest, token: ScimToken) -> HttpResponse:
    """People of whom the directory told, page by page; or another one."""
    if request.method == "POST":
        said = told.told_by(body_of(request), Context.RESOURCE_CREATION_REQUEST)
        person = people.add(told=said, by=token)
        return _one(request, _resource(person), Context.RESOURCE_CREATION_RESPONSE, status=201)
    wanted = search.wanted(request.GET)
    found = people.people_of(token.account).filter(wanted.condition)
    first = wanted.start_index - 1
    page = [told.resource_of(each, is_in=people.is_shown_in(each)) for each in found[first : first + wanted.count]]
    return listed(request, ScimUser, page, total=found.count(), start_index=wanted.start_index)


@endpoint("GET", "PUT", "PATCH", "DELETE")
def user(request: HttpRequest, token: ScimToken, number: str) -> HttpResponse:
    """One person."""
    key = search.uuid_of(number)
    if key is None:
        raise people.NotThere
    if request.method == "GET":
        person = people.people_of(token.account).filter(pk=key).first()
        if person is None:
            raise people.NotThere
        return _one(request, _resource(person), Context.RESOURCE_QUERY_RESPONSE)
    try:
        return _changed(request, token, key)
    except (people.MustStay, LastFullAccess) as error:
        people.note_refusal(number=key, by=token, why=words_of(error))
        raise


@endpoint("GET", "POST", "PUT", "PATCH", "DELETE")
def groups(request: HttpRequest, token: ScimToken) -> HttpResponse:
    """An empty list, so that directories which ask for it go on."""
    if request.method != "GET":
        raise ScimRefused(501, NO_GROUPS)
    return listed(request, Group, [], total=0, start_index=1)


@endpoint("GET", "POST", "PUT", "PATCH", "DELETE")
def not_offered(request: HttpRequest, token: ScimToken, path: str) -> HttpResponse:
    """What SCIM has and we have not: writing groups, /Me, /Bulk, /.search; and what nobody has."""
    first = path.strip("/").partition("/")[0]
    if first == "Groups":
        raise ScimRefused(501 if request.method != "GET" else 404, NO_GROUPS)
    raise ScimRefused(501 if first in ("Me", "Bulk", ".search") else 404, NOT_OFFERED)


def _changed(request: HttpRequest, token: ScimToken, key: UUID) -> HttpResponse:
    if request.method == "DELETE":
        people.remove(number=key, check=lambda now: _matched(request, now), by=token)
        return HttpResponse(status=204)
    body = body_of(request)
    if request.method == "PUT":
        said = told.told_by(body, Context.RESOURCE_REPLACEMENT_REQUEST)
        person = people.change(number=key, how=lambda now: (_matched(request, now), said)[1], by=token)
        return _one(request, _resource(person), Context.RESOURCE_REPLACEMENT_RESPONSE)
    patch = told.patch_in(body)
    person = people.change(number=key, how=lambda now: told.patched(patch, _matched(request, now)), by=token)
    return _one(request, _resource(person), Context.RESOURCE_PATCH_RESPONSE)


def _resource(person: ScimPerson) -> ScimUser:
    return told.resource_of(person, is_in=people.is_in(person))


def _matched(request: HttpRequest, person: ScimPerson) -> ScimUser:
    """The person, unless the request is about another version of them (If-Match): then ScimRefused."""
    resource = _resource(person)
    if (wanted := request.headers.get("If-Match")) and wanted not in ("*", version_of(resource)):
        raise ScimRefused(412, "the user has changed meanwhile")
    return resource


def version_of(resource: ScimUser) -> str:
    return (resource.meta and resource.meta.version) or ""


def _one(request: HttpRequest, resource: ScimUser, context: Context, status: int = 200) -> HttpResponse:
    headers = {"ETag": version_of(resource), "Location": str(resource.meta and resource.meta.location)}
    if request.method == "GET" and request.headers.get("If-None-Match") == headers["ETag"]:
        return HttpResponse(status=304, headers=headers)
    shown = _shown(request, ScimUser)
    return answer(resource.model_dump(scim_ctx=context, response_parameters=shown), status, headers)


def listed(
    request: HttpRequest, kind: type[Resource[Any]], page: list[Any], *, total: int, start_index: int
) -> HttpResponse:
    """SCIM's form of a page of a list."""
    lists: Any = ListResponse
    found = lists[kind](total_results=total, start_index=start_index, items_per_page=len(page), resources=page)
    shown = _shown(request, kind)
    payload = found.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=shown)
    return answer({"Resources": []} | payload)


def _shown(request: HttpRequest, kind: type[Resource[Any]]) -> Any:
    """Which attributes the request wants to see. Raises pydantic's ValidationError."""
    parameters: Any = ResponseParameters
    names = ("attributes", "excludedAttributes")
    given = {name: request.GET[name] for name in names if request.GET.get(name)}
    if any(len(each) > search.LONGEST_FILTER for each in given.values()):
        raise ScimRefused(400, "attributes: at most 400 characters", "invalidValue")
    return parameters[kind].model_validate(given, scim_policy=told.POLICY) if given else None
