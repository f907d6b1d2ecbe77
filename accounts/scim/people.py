"""Who joins, changes and leaves because an account's directory says so. Every change is in the account's activity.

A login is made for an address that has none, and never changed again: it is its owner's, who may belong to other
accounts. See docs/scim.md.
"""

import uuid
from collections.abc import Callable

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from accounts import activity
from accounts.actions import invitations, memberships
from accounts.models import Account, Membership, User, known_as
from accounts.scim.domains import may_join_by_scim
from accounts.scim.models import ScimPerson, ScimToken
from accounts.scim.told import ScimTold

MOST_PEOPLE = 50_000  # of an account


class TokenOver(Exception):
    """The token was revoked, or its account closed, since the request began."""


class NotThere(Exception):
    """The directory never told of such a person, or has deleted them."""


class NotOurs(Exception):
    """The address is of no domain that the account has proven."""


class Taken(Exception):
    """Another person of the account's directory has this userName or address. The text names which."""


class TooManyPeople(Exception):
    """The directory has told of as many people as there may be."""


class MustStay(Exception):
    """The person is a way back into the account (accounts/sso)."""


def people_of(account: Account) -> QuerySet[ScimPerson]:
    """The people of whom the account's directory told, the first one first, with `is_member`."""
    membership = Membership.objects.filter(account=OuterRef("account"), user=OuterRef("user"))
    return account.scim_people.annotate(is_member=Exists(membership)).order_by("created_at", "pk")


def is_shown_in(person: ScimPerson) -> bool:
    """The same as `is_in`, without a query, for those of `people_of`."""
    return person.is_waiting or bool(getattr(person, "is_member"))  # noqa: B009  # mypy knows no annotations


def is_in(person: ScimPerson) -> bool:
    """Whether they are a teammate, or invited and may become one."""
    return person.is_waiting or Membership.objects.filter(account=person.account_id, user=person.user_id).exists()


@transaction.atomic
def add(*, told: ScimTold, by: ScimToken) -> ScimPerson:
    """Note a person, and let them in unless the directory says that they are not active.

    Raises TokenOver, NotOurs, Taken, TooManyPeople; TooManyInvitations if they have a login and would be invited.
    """
    account = _locked(by)
    person = ScimPerson(account=account)
    _require_allowed(person, told)
    if account.scim_people.count() >= MOST_PEOPLE:
        raise TooManyPeople
    _take(person, told)
    person.save(force_insert=True)
    if told.active is False:
        _record(person, by, "scim.add")
    else:
        _let_in(person, told, by)
    return person


@transaction.atomic
def change(*, number: uuid.UUID, how: Callable[[ScimPerson], ScimTold], by: ScimToken) -> ScimPerson:
    """Make a person what `how` makes of the current row, which is locked. They join or leave if `active` changes.

    Raises the same errors as `add`, NotThere, MustStay, and LastFullAccess if nobody with full access would remain.
    """
    account = _locked(by)
    person = _found(account, number)
    told = how(person)
    _require_allowed(person, told)
    was_in, former_email = is_in(person), person.email
    if changes := _take(person, told):
        person.changed_at = timezone.now()
        person.save(update_fields=["user_name", "email", "external_id", "names", "changed_at"])
        _record(person, by, "scim.change", changes)
    if was_in and told.active is False:
        _end(person, by)
    elif told.active and not was_in:
        _let_in(person, told, by)
    elif person.is_waiting and person.email != former_email:
        _end(person, by)
        person.user = None
        _let_in(person, told, by)
    return person


@transaction.atomic
def remove(*, number: uuid.UUID, check: Callable[[ScimPerson], object], by: ScimToken) -> None:
    """Forget a person; they leave. A login that was made for them and never used goes too.

    `check` may raise something for the current row. Raises TokenOver, NotThere, MustStay, LastFullAccess.
    """
    account = _locked(by)
    person = _found(account, number)
    check(person)
    if is_in(person):
        _end(person, by)
    else:
        _record(person, by, "scim.remove")
    user = person.user
    person.delete()
    if user is not None and person.made_login and is_unused(user) and not user.memberships.exists():
        user.delete()


def note_refusal(*, number: uuid.UUID, by: ScimToken, why: str) -> None:
    """Tell in the activity that a person could not leave. The change has been rolled back already."""
    if person := by.account.scim_people.select_related("account").filter(pk=number).first():
        activity.record(
            account=person.account,
            by=None,
            verb="scim.stay",
            target=person.email,
            details={"reason": why},
            program=_program(by),
        )


def is_unused(user: User) -> bool:
    """Whether nobody has ever signed in with this login, or could."""
    return user.last_login is None and not user.has_usable_password() and not user.is_staff


def _locked(token: ScimToken) -> Account:
    """The token's account. One of its changes by SCIM runs after the other."""
    account = Account.objects.select_for_update(no_key=True).get(pk=token.account_id)
    if not ScimToken.objects.in_force().filter(pk=token.pk).exists():
        raise TokenOver
    return account


def _found(account: Account, number: uuid.UUID) -> ScimPerson:
    person = account.scim_people.select_for_update(of=("self",)).select_related("user", "account").filter(pk=number)
    if (found := person.first()) is None:
        raise NotThere
    return found


def _require_allowed(person: ScimPerson, told: ScimTold) -> None:
    others = person.account.scim_people.exclude(pk=person.pk)
    if others.filter(user_name__iexact=told.user_name).exists():
        raise Taken("userName")
    if told.email != person.email:
        _require_ours(person.account, told.email)
        if others.filter(Q(email=told.email) | Q(user__email=known_as(told.email))).exists():
            raise Taken("address")


def _require_ours(account: Account, email: str) -> None:
    if not may_join_by_scim(account, email):
        raise NotOurs


def _take(person: ScimPerson, told: ScimTold) -> dict[str, list[str]]:
    """Set what the directory tells. Returns {what: [before, after]}, for the activity."""
    before = _in_words(person)
    person.user_name, person.email = told.user_name, told.email
    person.external_id, person.names = told.external_id, told.names
    after = _in_words(person)
    return {what: [before[what], after[what]] for what in after if before[what] != after[what]}


def _in_words(person: ScimPerson) -> dict[str, str]:
    names = ", ".join(f"{key}: {value}" for key, value in sorted(person.names.items()))
    return {"user_name": person.user_name, "address": person.email, "id": person.external_id, "names": names}


def _let_in(person: ScimPerson, told: ScimTold, by: ScimToken) -> None:
    """Make the person a teammate; or invite them, if they have a login that is their own."""
    account = person.account
    _require_ours(account, person.email)
    user = person.user or User.objects.filter(email=known_as(person.email)).first()
    if user is not None and account.memberships.filter(user=user).exists():
        person.user, person.kept_read_only = user, None
        _record(person, by, "scim.adopt")
    elif user is not None and user == person.user and person.kept_read_only is not None:
        _join(person, user, person.kept_read_only, by, "teammate.rejoin")
    elif user is None:
        user = User.objects.create_user(person.email, None, name=told.name)
        person.made_login = True
        _join(person, user, by.read_only, by, "teammate.join")
    else:
        invitations.invite_for_program(account=account, email=user.email, read_only=by.read_only, program=_program(by))
        person.user, person.kept_read_only, person.is_waiting = user, None, True
    person.changed_at = timezone.now()
    person.save()


def _join(person: ScimPerson, user: User, read_only: bool, by: ScimToken, verb: str) -> None:
    invitations.revoke_for_program(account=person.account, email=user.email, program=_program(by))
    Membership.objects.create(account=person.account, user=user, read_only=read_only)
    person.user, person.kept_read_only = user, None
    activity.record(
        account=person.account,
        by=None,
        verb=verb,
        target=user.email,
        details={"read_only": read_only},
        program=_program(by),
    )


def _end(person: ScimPerson, by: ScimToken) -> None:
    """End the membership, or the invitation."""
    if person.is_waiting:
        email = person.user.email if person.user else person.email
        invitations.revoke_for_program(account=person.account, email=email, program=_program(by))
        person.is_waiting = False
    else:
        membership = Membership.objects.get(account=person.account, user=person.user)
        if hasattr(membership, "way_back"):
            raise MustStay
        person.kept_read_only = membership.read_only
        memberships.take_out(membership=membership, program=_program(by))
    person.changed_at = timezone.now()
    person.save(update_fields=["is_waiting", "kept_read_only", "changed_at"])


def _program(token: ScimToken) -> str:
    return f"SCIM token {token.name}"


def _record(person: ScimPerson, by: ScimToken, verb: str, details: dict[str, list[str]] | None = None) -> None:
    activity.record(
        account=person.account, by=None, verb=verb, target=person.email, details=details, program=_program(by)
    )
