"""How single sign-on concerns one teammate, for the page about them."""

from django.utils.text import get_text_list

from accounts.models import Membership
from accounts.sso.models import IdentityProvider, SsoIdentity, WayBack


def in_words(membership: Membership) -> str:
    """Sentences about the account's providers and this person; "" if none is switched on."""
    providers = list(IdentityProvider.objects.usable().filter(account=membership.account_id).order_by("name", "pk"))
    if not providers:
        return ""
    known = SsoIdentity.objects.filter(provider__in=providers, user=membership.user_id)
    connected = set(known.values_list("provider_id", flat=True))
    names = get_text_list([each.name for each in providers if each.pk in connected], "and")
    how = f"Connected with {names}." if names else "Not connected with single sign-on yet."
    if WayBack.objects.filter(membership=membership).exists():
        return f"{how} They are a way back: they may sign in with password and second factor too."
    if membership.account.require_sso and not names:
        return f"{how} It is compulsory here, so they connect at their next sign-in."
    return how
