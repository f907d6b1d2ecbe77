"""The staff's admin: a site of our own. Unlike Django's default site it has only the pages that we register."""

from typing import Any
from urllib.parse import urlencode

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.door import signed_in_user
from accounts.models import User
from accounts.second_factor import has_second_factor, remember_where_to
from accounts.sso.session import standing
from common import mail_trial, mails

TEST_MAIL_SECONDS = 10  # for all of it; the person waits


class StaffSite(admin.AdminSite):
    """Lets in staff with a second factor, and only in a session in which they used it."""

    site_header = "Heapadmin staff"
    site_title = "Heapadmin staff"
    index_title = "Support"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        return is_staff(request) and used_second_factor(request)

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect people without access to the missing step: signing in, setting up a second factor, or using it."""
        target = _safe(request, request.GET.get("next", ""))
        if self.has_permission(request):
            return redirect(target)
        if not request.user.is_authenticated:
            return redirect_to_login(target)
        if not is_staff(request):
            return render(request, "support/staff_only.html", {"reason": "staff"}, status=403)
        if not has_second_factor(_pk(request)):
            remember_where_to(request, target)
            return render(request, "support/staff_only.html", {"reason": "second_factor"}, status=403)
        return redirect(f"{reverse('mfa_reauthenticate')}?{urlencode({'next': target})}")

    def get_urls(self) -> list[Any]:
        return [
            path("test-mail/", self.admin_view(require_POST(self.test_mail)), name="test_mail"),
            *super().get_urls(),
        ]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """What every page of staff knows; `mail` is what the notices about mail say."""
        mail = {
            "to_support": settings.SUPPORT_EMAIL,
            "server": f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}",
            "folder": settings.DATA_DIR / "mail",
            "sender": settings.DEFAULT_FROM_EMAIL,
        }
        return super().each_context(request) | {"mail": mail}

    def test_mail(self, request: HttpRequest) -> HttpResponse:
        """Send a test mail to the person who asks, and say what became of it."""
        try:
            words = mail_trial.send(signed_in_user(request).email, TEST_MAIL_SECONDS)
        except mail_trial.NotSent as error:
            messages.error(request, str(error))
        else:
            (messages.success if mails.is_set_up() else messages.warning)(request, words)
        return redirect("admin:index")

    def password_change(  # type: ignore[override]  # django-stubs knows templates alone
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")


def is_staff(request: HttpRequest) -> bool:
    """Whether a staff member is signed in, and not by an account's single sign-on."""
    user = request.user
    return isinstance(user, User) and user.is_active and user.is_staff and not standing(request).alone


def used_second_factor(request: HttpRequest) -> bool:
    """Whether the login has a second factor and this session has proven it."""
    records = request.session.get(AUTHENTICATION_METHODS_SESSION_KEY, [])
    return any(record.get("method") == "mfa" for record in records) and has_second_factor(_pk(request))


def _pk(request: HttpRequest) -> int:
    assert isinstance(request.user, User)
    return request.user.pk


def _safe(request: HttpRequest, target: str) -> str:
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return target
    return reverse("admin:index")


staff_site = StaffSite(name="admin")
