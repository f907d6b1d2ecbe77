"""Whom an account's directory may let in: people of the domains that the account has proven."""

from accounts.models import Account


def may_join_by_scim(account: Account, address: str) -> bool:
    """Whether `address`, in its normal form, is of a domain that `account` has proven. Subdomains are others."""
    domain = address.rpartition("@")[2]
    return bool(account.sso_domains.filter(domain=domain, proven_at__isnull=False).exists())
