"""`python manage.py closeaccount 12`: close an account as the staff's admin does, or show what that would remove."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Account
from common.counted import counted
from support.closing import actions, row_counts
from support.closing.models import LONGEST_GRACE_DAYS, Closing
from support.closing.purge import Unfinished, run

DEFAULT_GRACE_DAYS = 30


class Command(BaseCommand):
    help = "Close an account: nobody gets in any more, and after the grace period everything of it is removed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("account_id", type=int)
        parser.add_argument("--name", help="the account's name, to be sure; asked for when it is missing")
        parser.add_argument("--grace-days", type=int, default=DEFAULT_GRACE_DAYS, help="0 to 90, default 30")
        parser.add_argument("--asked-by", default="", help="who asked for it, in words")
        parser.add_argument("--dry-run", action="store_true", help="say what would go, change nothing")
        parser.add_argument("--reopen", action="store_true", help="open it again, within the grace period")
        parser.add_argument("--no-wait", action="store_true", help="leave the removing to the jobs' worker")

    def handle(self, *args: Any, **options: Any) -> None:
        number: int = options["account_id"]
        closing = Closing.objects.under_way().filter(account_number=number).first()
        if options["reopen"]:
            self._reopen(closing)
            return
        if closing is None:
            account = Account.objects.filter(pk=number).first()
            if account is None:
                raise CommandError(f"There is no account {number}.")
            self._show(account)
            if options["dry_run"]:
                self.stdout.write("Nothing was changed.")
                return
            closing = self._close(account, options)
        elif options["dry_run"]:
            self._show(Account.objects.get(pk=number))
            self.stdout.write(f"It is closed already: {closing.get_state_display().lower()}. Nothing was changed.")
            return
        self._purge(closing, wait=not options["no_wait"])

    def _show(self, account: Account) -> None:
        span = row_counts.event_span(account.pk)
        self.stdout.write(f"Account {account.pk}, {account.name}. What would go:")
        for table, rows in row_counts.count_rows(account.pk).items():
            self.stdout.write(f"  {rows:>14,}  {table}")
        if span.oldest_at and span.newest_at:
            self.stdout.write(f"Events from {span.oldest_at:%Y-%m-%d} to {span.newest_at:%Y-%m-%d}.")
        for membership in account.memberships.select_related("user").order_by("user__email"):
            self.stdout.write(f"  {membership.user.email}, {membership.access.label}")

    def _close(self, account: Account, options: dict[str, Any]) -> Closing:
        days: int = options["grace_days"]
        if not 0 <= days <= LONGEST_GRACE_DAYS:
            raise CommandError(f"--grace-days is from 0 to {LONGEST_GRACE_DAYS}.")
        typed = options["name"] if options["name"] is not None else input("Type the account's name to close it: ")
        if typed != account.name:
            raise CommandError("That is not its name. Nothing was changed.")
        try:
            closing = actions.close(account=account, grace_days=days, asked_by=options["asked_by"], by=None)
        except actions.AlreadyClosed as error:
            raise CommandError("It was closed by somebody else a moment ago.") from error
        self.stdout.write(
            self.style.SUCCESS(f"Closed. It can be reopened until {closing.grace_until:%Y-%m-%d %H:%M} UTC.")
        )
        return closing

    def _reopen(self, closing: Closing | None) -> None:
        try:
            if closing is None:
                raise actions.NotReopenable
            actions.reopen(closing=closing, by=None)
        except actions.NotReopenable as error:
            raise CommandError("It is not closed, or its rows are being removed already.") from error
        self.stdout.write(self.style.SUCCESS("Reopened, with everything as it was."))

    def _purge(self, closing: Closing, *, wait: bool) -> None:
        if closing.grace_days and actions.start_purge(closing.pk, timezone.now()) is None:
            self.stdout.write("Its rows are removed when the grace period is over.")
            return
        while wait:
            try:
                if run(closing.pk, seconds=60, after_step=self._show_progress):
                    break
            except Unfinished as reason:
                self.stdout.write(f"Waiting: {reason}.")
                time.sleep(2)
        closing.refresh_from_db()
        self.stdout.write(f"{closing.get_state_display()}.")
        for table, rows in sorted(closing.rows.items()):
            self.stdout.write(f"  {rows:>14,}  {table}")

    def _show_progress(self, closing: Closing) -> None:
        now = time.monotonic()
        if now - getattr(self, "_shown_at", 0.0) > 2:
            self._shown_at = now
            self.stdout.write(f"  {closing.rows_removed:,} of about {counted(closing.rows_expected, 'row')} removed")
