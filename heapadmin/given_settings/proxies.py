"""TRUSTED_PROXIES: read by the collector's own rules, so that a mistake is told before anything starts."""

from collector.request.client_address import TrustedProxies
from heapadmin.given_settings.reader import WrongSetting, shown


def trusted(text: str) -> str:
    """`text` itself. Raises WrongSetting."""
    try:
        TrustedProxies.parse(text)
    except ValueError as error:
        raise WrongSetting(f"TRUSTED_PROXIES={shown(text)} {error}.") from None
    return text
