"""The page behind the one-time link that `manage.py grantadmin` prints for a locked-out person."""

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.actions import logins
from accounts.forms import NewPasswordForm
from accounts.models import Rescue


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def rescue(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Choose a new password. This removes second factors and ends all sessions. GET changes nothing."""
    found = logins.rescue_by_secret(secret)
    if found is None:
        return _no_longer(request)
    form = NewPasswordForm(request.POST if request.method == "POST" else None, user=found.user)
    if not form.is_valid():
        return render(request, "accounts/rescue.html", {"form": form, "person": found.user})
    try:
        user = logins.use_rescue(rescue=found, password=form.cleaned_data["password"])
    except Rescue.DoesNotExist:  # used in another window meanwhile
        return _no_longer(request)
    messages.success(request, "You are in. Set up a second factor again under Profile & security.")
    answer: HttpResponseBase = perform_login(request, user)
    return answer


def _no_longer(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/rescue.html", status=404)
