"""The only mail to an address that has not confirmed: whether it wants a subscription. It holds no numbers."""

from accounts.models import Access
from analytics.subscriptions.contents import found
from analytics.subscriptions.due import schedule_of
from analytics.subscriptions.mail import confirm_url
from analytics.subscriptions.models import Subscription
from common import mails
from projects.access import access_in


def ask(subscription_id: int) -> None:
    """Nothing is asked if it ended or was confirmed meanwhile, or whoever made it lost full access."""
    rows = Subscription.objects.select_related("environment__project__account", "membership__user")
    row = rows.filter(pk=subscription_id, ended_at=None, confirmed_at=None, environment__deleting_at=None).first()
    if row is None or access_in(row.membership.user, row.environment.project) is not Access.FULL:
        return
    thing = found(row)
    if thing is None:
        return
    context = {
        "account": mails.plain(row.environment.project.account.name),
        "maker": mails.plain(str(row.membership.user)) or "A teammate",
        "name": mails.plain(thing.name) or "a report",
        "when": schedule_of(row).words(),
        "link": confirm_url(row),
    }
    mails.render("subscription_confirm", context).message(row.email).send()
