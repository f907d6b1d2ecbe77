"""Exports of all data of an account, made by a job and downloaded by a link."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, User


class ExportState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Being made"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"


class AccountExport(models.Model):
    """One export. Its content is in ExportPart. A secret opens it; only the secret's digest is stored."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="exports")
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    mail_to = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=ExportState.choices, default=ExportState.WAITING)
    asked_at = models.DateTimeField(default=timezone.now)
    ready_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    nonce = models.CharField(max_length=32)  # the link's secret is derived from it, see common/links.py
    digest = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001  # null: several may have none
    # which rows to export, and the position: {"scope": {table: [ids]}, "piece": "events 12", "after": [last key]}
    cursor = models.JSONField(default=dict)
    rows = models.JSONField(default=dict)
    size_bytes = models.BigIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="export_state_known"),
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(state__in=[ExportState.WAITING, ExportState.RUNNING]),
                name="export_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["account", "-asked_at"], name="export_by_account")]

    def __str__(self) -> str:
        return f"Export {self.pk}"

    @property
    def rows_written(self) -> int:
        return sum(self.rows.values())


class ExportPart(models.Model):
    """A part of an export: one whole gzip member, so that all parts in a row are one gzip file."""

    export = models.ForeignKey(AccountExport, models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["export", "number"], name="exportpart_number_once")]

    def __str__(self) -> str:
        return f"Part {self.number} of export {self.export_id}"
