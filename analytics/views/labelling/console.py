"""Label on your site: the page from which a site is opened, and on which sites are confirmed."""

from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.labelling import sites, tickets
from analytics.labelling.addresses import BadAddress, address_of, origin_of
from analytics.labelling.models import ConfirmedSite
from analytics.views.pages import page
from common.counted import counted
from projects.access import access_in
from projects.door import environment_view
from projects.models import Environment

FULL = f"There are {counted(sites.MOST_SITES, 'site')} here already. Remove some first."
NO_TEAMMATE = "Only teammates can label on a site."


@require_safe
@environment_view(Can.VIEW)
def label(request: HttpRequest, environment: Environment) -> HttpResponse:
    return _page(request, environment)


@require_POST
@environment_view(Can.VIEW)
@never_cache
def label_open(request: HttpRequest, environment: Environment) -> HttpResponse:
    """A page that leads on to the site, with a ticket. A redirect would be bound by the page's own form-action."""
    address, user = request.POST.get("address", ""), signed_in_user(request)
    try:
        wanted = address_of(address)
        site = ConfirmedSite.objects.filter(environment=environment, origin=origin_of(address)).first()
    except BadAddress as error:
        return _page(request, environment, address, str(error), status=422)
    if site is None:
        words = "Nobody has confirmed this site for this environment yet. Somebody with full access can, below."
        return _page(request, environment, address, words, status=422)
    if access_in(user, environment.project) is None:
        return _page(request, environment, address, NO_TEAMMATE, status=422)
    secret = tickets.give(site=site, user=user, session_key=request.session.session_key or "")
    context = {"site": site, "address": with_ticket(wanted, secret)}
    response = page(request, environment, "analytics/label_open.html", context)
    response["Referrer-Policy"] = "no-referrer"
    return response


def with_ticket(address: str, secret: str) -> str:
    """The address with the ticket at the end of its fragment: behind a route as a parameter of it."""
    fragment = urlsplit(address).fragment
    if not fragment:
        return f"{address.rstrip('#')}#heapadmin-label={secret}"
    is_route = fragment.startswith(("/", "!/")) and "?" not in fragment
    return f"{address}{'?' if is_route else '&'}heapadmin-label={secret}"


@require_POST
@environment_view(Can.MANAGE)
def site_confirm(request: HttpRequest, environment: Environment) -> HttpResponse:
    address = request.POST.get("site", "")
    try:
        site = sites.confirm(environment=environment, origin=origin_of(address), by=signed_in_user(request))
    except BadAddress as error:
        return _page(request, environment, site=address, site_error=str(error), status=422)
    except sites.TooManySites:
        return _page(request, environment, site=address, site_error=FULL, status=422)
    messages.success(request, f"{site.origin} is confirmed: people can label on it.")
    return redirect("analytics:label", environment.app_id)


@require_POST
@environment_view(Can.MANAGE)
def site_remove(request: HttpRequest, environment: Environment, site_id: int) -> HttpResponse:
    site = get_object_or_404(ConfirmedSite, environment=environment, pk=site_id)
    site.environment = environment
    sites.remove(site=site, by=signed_in_user(request))
    messages.success(request, f"{site.origin} is removed. Labelling on it has ended.")
    return redirect("analytics:label", environment.app_id)


def _page(
    request: HttpRequest,
    environment: Environment,
    address: str = "",
    error: str = "",
    site: str = "",
    site_error: str = "",
    status: int = 200,
) -> HttpResponse:
    known = sites.confirmed(environment)
    context = {
        "sites": known,
        "proposed": sites.proposed(environment, known),
        "address": address or (f"{known[0].origin}/" if known else ""),
        "error": error,
        "site": site,
        "site_error": site_error,
        "latest": tickets.latest(environment, signed_in_user(request)),
    }
    return page(request, environment, "analytics/label.html", context, status)
