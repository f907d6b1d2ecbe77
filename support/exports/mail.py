"""The mail with an export's link."""

from django.core.mail import EmailMessage
from django.urls import reverse

from accounts.models import User
from common import links, mails
from support.exports.actions import secret_of
from support.exports.models import AccountExport


def ready_mail(export: AccountExport, user: User) -> EmailMessage:
    """The mail to one recipient."""
    context = {
        "account": mails.plain(export.account.name),
        "rows": export.rows_written,
        "expires_at": export.expires_at,
        "link": links.absolute(reverse("support:export_download", args=[secret_of(export)])),
    }
    return mails.render("export_ready", context).message(user.email)
