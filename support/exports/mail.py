"""The mail with an export's link."""

from django.core.mail import EmailMessage
from django.urls import reverse

from accounts import links, mails
from support.exports.actions import recipients, secret_of
from support.models import AccountExport


def ready_mails(export: AccountExport) -> list[EmailMessage]:
    """One mail per person who gets the link."""
    context = {
        "account": mails.plain(export.account.name),
        "rows": export.rows_written,
        "expires_at": export.expires_at,
        "link": links.absolute(reverse("support:export_download", args=[secret_of(export)])),
    }
    return [mails.render("export_ready", context).message(user.email) for user in recipients(export)]
