"""What a provider says of somebody who signed in there, whatever the protocol."""

from dataclasses import dataclass

LONGEST_SUBJECT = 255  # characters, as OpenID Connect has it
LONGEST = 300


class SignInRefused(Exception):
    """The provider's answer cannot be accepted. Its text says why, in a sentence for the person who wants to sign in.

    It holds nothing that the answer contains, because that may be anything.
    """


@dataclass(frozen=True)
class SsoPerson:
    """Somebody as an issuer knows them. `issuer` and `subject` are checked, and the only identity.

    `email` is what the issuer says. `email_verified` says whether it vouches for it. Neither leads to a login.
    Raises SignInRefused for an identity that cannot be stored and compared as it is.
    """

    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        if not 0 < len(self.subject) <= LONGEST_SUBJECT or not self.subject.isprintable():
            raise SignInRefused("The provider's answer does not say who you are.")
        for text in (self.email, self.name):
            if len(text) > LONGEST or "\0" in text:
                raise SignInRefused("What the provider says of you cannot be stored.")
