"""Where a list of excluded IPs applies: in a whole account, or in one of its environments."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import Account
from ipfilter.models import ExcludedIP, ExcludedIPList
from projects.models import Environment

EVERYWHERE = "all projects and environments"


@dataclass(frozen=True)
class ListScope:
    """Where a list applies. Raises ValueError for an environment of another account."""

    account: Account
    environment: Environment | None = None

    def __post_init__(self) -> None:
        if self.environment and self.environment.project.account_id != self.account.pk:
            raise ValueError("the environment is not one of this account")

    @classmethod
    def of(cls, environment: Environment) -> "ListScope":
        return cls(environment.project.account, environment)

    def __str__(self) -> str:
        return f"{self.environment.project.name} › {self.environment.name}" if self.environment else EVERYWHERE

    @property
    def url(self) -> str:
        """The URL of the list's page."""
        if self.environment:
            return reverse("ipfilter:environment_excluded_ips", args=[self.environment.app_id])
        return reverse("ipfilter:excluded_ips", args=[self.account.pk])

    @property
    def preview_url(self) -> str:
        """The URL to which a text is posted to preview what saving it would do."""
        if self.environment:
            return reverse("ipfilter:environment_excluded_ips_preview", args=[self.environment.app_id])
        return reverse("ipfilter:excluded_ips_preview", args=[self.account.pk])

    def saved_list(self) -> ExcludedIPList:
        """The saved list, with the person who saved it; or an empty, unsaved one if no list was ever saved."""
        kept = ExcludedIPList.objects.select_related("saved_by").filter(**self.lookup()).first()
        return kept or ExcludedIPList(**self.lookup())

    def rules(self) -> QuerySet[ExcludedIP]:
        """The rules in force of this list, in the order of its text."""
        fields = {f"list__{name}": value for name, value in self.lookup().items()}
        return ExcludedIP.objects.filter(**fields).order_by("position")

    def lookup(self) -> dict[str, Any]:
        """The fields that identify this list."""
        return {"account": self.account, "environment": self.environment}
