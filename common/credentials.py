"""What programs show to be let in."""

from django.http import HttpRequest


def credentials(request: HttpRequest, scheme: str) -> str:
    """What the request was sent with by this scheme (lower case: "bearer"); "" if by another or none."""
    given, _, sent = request.headers.get("Authorization", "").partition(" ")
    return sent.strip() if given.lower() == scheme else ""
