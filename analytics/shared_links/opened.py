"""Finding what a secret opens now. Everything is looked up anew for each request, within the link's environment."""

from dataclasses import dataclass

from analytics.dashboards import kept
from analytics.models import Dashboard, Report, SharedLink
from analytics.shared_links.secret import digest_of
from projects.models import Environment


@dataclass(frozen=True)
class OpenedLink:
    """A link in force, with the report or the dashboard that it shows."""

    link: SharedLink
    shown: Report | Dashboard

    @property
    def environment(self) -> Environment:
        return self.link.environment


def open_link(secret: str) -> OpenedLink | None:
    """None if the secret opens nothing, whatever the reason: nobody learns which one it is."""
    links = SharedLink.objects.in_force().select_related("environment__project__account")
    link = links.filter(digest=digest_of(secret)).first()
    shown = shown_by(link) if link else None
    return OpenedLink(link, shown) if link and shown else None


def shown_by(link: SharedLink) -> Report | Dashboard | None:
    """None if it was deleted."""
    return kept.report_or_dashboard(link.environment, link.noun, link.lineage)
