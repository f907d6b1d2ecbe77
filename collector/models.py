"""What the collector itself keeps, beside the events."""

from django.db import models


class SharedAddress(models.Model):
    """An address from which visitors of several accounts seemed to come: most likely a proxy that is not trusted yet.

    Addresses that one or two accounts are sent to from are not kept at all.
    """

    address = models.GenericIPAddressField(unique=True)
    accounts = models.PositiveIntegerField()  # at least so many within a minute; the most of one day
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "shared addresses"

    def __str__(self) -> str:
        return f"{self.address}: {self.accounts} accounts"
