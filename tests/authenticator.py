"""What an authenticator app shows: the code of now, for long enough to be typed."""

import time

from allauth.mfa import app_settings
from allauth.mfa.totp.internal import auth as totp

TYPING_SECONDS = 10  # a test under load types, sends and is answered within this


def code_for(secret):
    """The code of a secret. Waits for the next one if this one ends while it is typed, as people do."""
    left = app_settings.TOTP_PERIOD - totp.time.time() % app_settings.TOTP_PERIOD
    if left < TYPING_SECONDS:
        time.sleep(left)
    return totp.format_hotp_value(totp.hotp_value(secret, int(totp.time.time()) // app_settings.TOTP_PERIOD))
