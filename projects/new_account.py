"""Creates a login with its account, first project and Production, for scripts and for the first start."""

from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import User
from common.addresses import check, normal
from projects.actions import open_account
from projects.forms import AppIdField
from projects.models import Project, UsedAppId


@dataclass(frozen=True)
class NewAccount:
    """A new login and the first project of its account."""

    user: User
    project: Project

    def as_json(self) -> dict[str, Any]:
        """What `createaccount --json` prints."""
        environments = self.project.environments.order_by("pk")
        return {
            "account_id": self.project.account_id,
            "user_id": self.user.pk,
            "project_id": self.project.pk,
            "environments": [{"id": one.pk, "name": one.name, "app_id": one.app_id} for one in environments],
        }


@transaction.atomic
def open_with_login(
    *, email: str, password: str, account_name: str, project_name: str, staff: bool, app_id: str = ""
) -> NewAccount:
    """Create a login with a verified address and an account for it; `staff` gives access to the staff's admin too.

    Raises ValidationError for an address or password that the sign-up page would refuse, an address that is taken, or
    an `app_id` from Heap that is malformed or not free.
    """
    app_id = AppIdField().clean(app_id)
    if UsedAppId.objects.filter(app_id=app_id).exists():
        raise ValidationError(f"The app_id {app_id} is not free.")
    email = normal(email)
    check(email)
    user = User(email=email, is_staff=staff, is_superuser=staff)
    validate_password(password, user)
    user.set_password(password)
    user.full_clean(exclude=["name"])
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return NewAccount(user, open_account(name=account_name, owner=user, project_name=project_name, app_id=app_id))
