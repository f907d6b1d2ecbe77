"""The mail of a subscription: a text that stands alone, the same as HTML for light and dark, and charts as pictures."""

from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from email.mime.image import MIMEImage
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from analytics.kinds.kind import KeyFigure, LegendItem
from analytics.models import Dashboard, Report
from analytics.subscriptions import picture
from analytics.subscriptions.contents import Section
from analytics.subscriptions.due import schedule_of
from analytics.subscriptions.models import Sending, Subscription
from common import links
from common.mails import LONGEST_VALUE, unlinked

LONGEST_ALT = 500  # characters
END, CONFIRM = "subscription.end", "subscription.confirm"  # what the secrets are for


def end_url(subscription: Subscription) -> str:
    return links.absolute(reverse("analytics:unsubscribe", args=[links.secret(END, subscription.nonce)]))


def confirm_url(subscription: Subscription) -> str:
    return links.absolute(reverse("analytics:subscription_confirm", args=[links.secret(CONFIRM, subscription.nonce)]))


class MailWithPictures(EmailMultiAlternatives):
    """The pictures belong to the HTML. No header is folded, for some programs find no link in a folded one."""

    mixed_subtype = "related"

    def message(self, **options: Any) -> Any:
        made = super().message(**options)
        made.policy = made.policy.clone(max_line_length=998)
        return made


@dataclass(frozen=True)
class ShownSection:
    """A section in a mail: no text of it becomes a link. `cid` names its picture; `colours` are those of the legend."""

    section: Section
    cid: str
    legend: tuple[tuple[LegendItem, str], ...]

    @property
    def described(self) -> str:
        """What stands for the picture where none is shown: its numbers, unless they are below."""
        figure = self.section.figure
        said = f"{figure.value} {figure.unit}" if figure else self.section.sentence or self.section.title
        if self.section.rows_below:
            return f"Chart: {said}. The numbers are below."
        return f"Chart: {said}. {'; '.join(' '.join(filter(None, row)) for row in self.section.rows)}"[:LONGEST_ALT]


def message(
    sending: Sending, thing: Report | Dashboard, sections: list[Section], now: datetime
) -> EmailMultiAlternatives:
    """The mail, ready to send. Its Message-ID is that of the subscription and the interval."""
    subscription = sending.subscription
    environment = subscription.environment
    local = now.astimezone(ZoneInfo(environment.project.time_zone))
    name, place = unlinked(thing.name), unlinked(f"{environment.project.name} › {environment.name}")
    noun = subscription.noun
    page = reverse(
        f"analytics:{'dashboard_page' if noun == 'dashboard' else 'report'}", args=[environment.app_id, thing.lineage]
    )
    ends = end_url(subscription)
    context: dict[str, Any] = {
        "subject": f"{name[:LONGEST_VALUE]} · {local:%a} {local.day} {local:%b %Y}",
        "name": name,
        "place": place,
        "as_of": f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}",
        "noun": noun,
        "sections": [_shown(each, number) for number, each in enumerate(sections, 1)],
        "when": schedule_of(subscription).words(),
        "zone": environment.project.time_zone,
        "maker": unlinked(str(subscription.membership.user)) if subscription.email else "",
        "page_url": links.absolute(page),
        "end_url": ends,
        "site_url": settings.SITE_URL,
        "colours": picture.colours(),
    }
    made = MailWithPictures(
        context["subject"],
        render_to_string("mail/subscription.txt", context),
        to=[subscription.to],
        headers={
            "List-Unsubscribe": f"<{ends}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Message-ID": _message_id(sending),
            "Auto-Submitted": "auto-generated",
        },
    )
    made.attach_alternative(render_to_string("mail/subscription.html", context), "text/html")
    for each in context["sections"]:
        if each.section.picture:
            image = MIMEImage(each.section.picture, "png")
            image.add_header("Content-ID", f"<{each.cid}>")
            image.add_header("Content-Disposition", "inline", filename=f"{each.cid}.png")
            made.attach(image)
    return made


def _message_id(sending: Sending) -> str:
    """The same at each try. Filters of junk mail want a real host behind the @: it is that of the sender."""
    subscription, host = sending.subscription, parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<subscription-{subscription.pk}-{sending.interval}-{subscription.nonce[:8]}@{host}>"


def _shown(section: Section, number: int) -> ShownSection:
    harmless = _harmless(section)
    names = picture.colours()
    legend = tuple((each, names[f"series-{each.colour}"] if each.colour else "") for each in harmless.legend)
    return ShownSection(harmless, f"chart{number}", legend)


def _harmless(value: Any) -> Any:
    """The same with every text unlinked, however deep; numbers of our own keep their points."""
    if isinstance(value, str):
        return unlinked(value)
    if isinstance(value, tuple):
        return tuple(map(_harmless, value))
    if isinstance(value, KeyFigure):
        return replace(value, unit=unlinked(value.unit))
    if isinstance(value, LegendItem):
        return replace(value, name=unlinked(value.name))
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{each.name: _harmless(getattr(value, each.name)) for each in fields(value)})
    return value
