"""Downloading an export by the link in the mail."""

from collections.abc import Iterator

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import activity
from accounts.door import signed_in_user
from accounts.models import Membership
from accounts.sso.session import known_to
from common import downloads
from support.exports import actions
from support.exports.models import AccountExport, ExportPart


@never_cache
@require_safe
def export_download(request: HttpRequest, secret: str) -> HttpResponseBase:
    """The file, for full-access teammates, even while the account is closed and not yet removed.

    This page does not use the account's door, so that people who are locked out can still download their data. A
    session that began at another account's provider knows nothing of this one (accounts/sso/session.py).
    """
    user = signed_in_user(request)
    export = actions.find(secret=secret, user=user)
    if export is None or not known_to(request, Membership.objects.filter(user=user, account=export.account)):
        raise Http404
    if request.method == "GET":
        activity.record(account=export.account, by=user, verb="account.export_fetch", target=export.account.name)
    name = f"heapadmin-{export.account_id}-{export.asked_at:%Y-%m-%d}.ndjson.gz"
    answer = downloads.response(_content(export), user.pk, content_type="application/gzip", file_name=name)
    if answer.streaming:
        answer["Content-Length"] = str(export.size_bytes)
    return answer


def _content(export: AccountExport) -> Iterator[bytes]:
    """The parts, loaded one at a time: all together are too large for memory."""
    for number in export.parts.order_by("number").values_list("number", flat=True):
        yield bytes(ExportPart.objects.values_list("content", flat=True).get(export=export, number=number))
