"""A person as SCIM's User, and back: what a directory tells of them, checked. Knows no HTTP."""

from dataclasses import dataclass
from typing import Annotated, Any

from django.core.exceptions import ValidationError
from scim2_models import (
    ComplexAttribute,
    Context,
    InvalidValueException,
    Meta,
    PatchOp,
    Required,
    Resource,
    ScimPolicy,
    Uniqueness,
)
from scim2_models.urn import URN

from accounts.scim.models import ScimPerson
from common import links
from common.addresses import check, normal
from common.names import NameField

USERS = "/scim/v2/Users"
LONGEST = 254  # characters of a value: as long as the columns are
MOST_OPERATIONS = 50  # of a PATCH: each copies the person
NAMES = {  # what is kept of a name: {key in ScimPerson.names: attribute of the resource}
    "displayName": ("display_name",),
    "formatted": ("name", "formatted"),
    "givenName": ("name", "given_name"),
    "familyName": ("name", "family_name"),
}
POLICY = ScimPolicy(
    # attributes that are not kept are no mistake, and Entra ID names entries by filters that match none yet
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


class Name(ComplexAttribute):
    formatted: str | None = None
    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    value: str | None = None
    type: str | None = None
    primary: bool | None = None


class ScimUser(Resource[Any]):
    """SCIM's core User, with the attributes that are kept, and no others."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    active: bool | None = None
    emails: list[Email] | None = None


@dataclass(frozen=True)
class ScimTold:
    """What a directory tells of a person. `active` is None if it does not say whether they are to be in."""

    user_name: str
    email: str
    external_id: str
    names: dict[str, str]
    active: bool | None

    @property
    def name(self) -> str:
        """What a new login is called."""
        names = self.names
        parts = f"{names.get('givenName', '')} {names.get('familyName', '')}".strip()
        return (names.get("displayName") or names.get("formatted") or parts)[:150]


def resource_of(person: ScimPerson, *, is_in: bool) -> ScimUser:
    """The person as SCIM shows them. `is_in`: they are a teammate, or invited."""
    names = person.names
    parts = {field: names[key] for key, (*_, field) in NAMES.items() if key in names and key != "displayName"}
    user = ScimUser(
        id=str(person.pk),
        external_id=person.external_id or None,
        user_name=person.user_name,
        name=Name(**parts) if parts else None,
        display_name=names.get("displayName"),
        active=is_in,
        emails=[Email(value=person.email, type="work", primary=True)],
    )
    user.meta = Meta(
        resource_type="User",
        created=person.created_at,
        last_modified=person.changed_at,
        location=links.absolute(f"{USERS}/{person.pk}"),
        version=f'W/"{person.changed_at.timestamp():.6f}-{is_in:d}"',
    )
    return user


def told_by(body: dict[str, Any], context: Context) -> ScimTold:
    """What the User in a POST or PUT says. Raises pydantic's ValidationError, SCIMException."""
    _require_schema(body, str(ScimUser.__schema__))
    return _told(ScimUser.model_validate(body, scim_ctx=context, scim_policy=POLICY))


def patch_in(body: dict[str, Any]) -> PatchOp[ScimUser]:
    """The operations of a PATCH. Raises the same errors."""
    _require_schema(body, str(PatchOp.__schema__))
    if any(isinstance(each, list) and len(each) > MOST_OPERATIONS for each in body.values()):
        raise InvalidValueException(detail=f"a PATCH has at most {MOST_OPERATIONS} operations")
    return PatchOp[ScimUser].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=POLICY)


def patched(patch: PatchOp[ScimUser], user: ScimUser) -> ScimTold:
    """What a PATCH makes of `user`, which it changes. Raises SCIMException."""
    patch.patch(user, scim_policy=POLICY)
    return _told(user)


def _require_schema(body: dict[str, Any], wanted: str) -> None:
    """Without `schemas`, the library takes a body for what it should be."""
    given = body.get("schemas")
    if not isinstance(given, list) or wanted.lower() not in [str(each).lower() for each in given]:
        raise InvalidValueException(detail=f"schemas must name {wanted}")


def _told(user: ScimUser) -> ScimTold:
    user_name = _text(user.user_name, "userName")
    if not user_name:
        raise InvalidValueException(detail="userName must not be empty")
    names = {}
    for key, (first, *rest) in NAMES.items():
        value = getattr(user, first)
        for field in rest:
            value = getattr(value, field, None)
        if kept := NameField().to_python(_text(value, key)):
            names[key] = kept
    external_id = _text(user.external_id, "externalId")
    return ScimTold(user_name, _email(user, user_name), external_id, names, user.active)


def _email(user: ScimUser, user_name: str) -> str:
    """The primary address, else the first one, else the userName. Raises InvalidValueException."""
    given = [each for each in user.emails or [] if each.value]
    chosen = next((each for each in given if each.primary), given[0] if given else None)
    email = normal(_text(chosen.value, "emails") if chosen else user_name)
    try:
        check(email)
    except ValidationError as error:
        raise InvalidValueException(detail=f"emails, or userName: {error.messages[0]}") from error
    return email


def _text(value: str | None, what: str) -> str:
    """Text that the database can hold."""
    text = (value or "").strip()
    if len(text) > LONGEST:
        raise InvalidValueException(detail=f"{what} has more than {LONGEST} characters")
    if "\0" in text:
        raise InvalidValueException(detail=f"{what} holds a NUL character")
    return text
