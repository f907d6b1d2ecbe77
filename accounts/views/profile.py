"""Profile & security: name, address, sessions, deleting the login. Allauth has passwords and second factors."""

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.actions import logins
from accounts.door import signed_in_user
from accounts.forms import AppearanceForm, DeleteLoginForm, EmailChangeForm, NameForm
from accounts.full_access import LastFullAccess, LastWayBack
from accounts.models import EmailChange, Membership
from accounts.sso import session as sso_session
from common import mails


def profile(request: HttpRequest) -> HttpResponse:
    """The person's name, how pages look to them, and the accounts that they belong to."""
    user = signed_in_user(request)
    form = NameForm(request.POST if request.method == "POST" else None, initial={"name": user.name})
    if not form.is_valid():
        return _show_profile(request, form, AppearanceForm(instance=user))
    logins.change_name(user=user, name=form.cleaned_data["name"])
    messages.success(request, "Saved. Your teammates see the new name from now on.")
    return redirect("accounts:profile")


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    form = AppearanceForm(request.POST)
    if not form.is_valid():
        return _show_profile(request, NameForm(initial={"name": user.name}), form, status=422)
    logins.change_appearance(user=user, **form.cleaned_data)
    messages.success(request, "Saved. It holds wherever you sign in.")
    return redirect("accounts:profile")


def _show_profile(
    request: HttpRequest, form: NameForm, appearance_form: AppearanceForm, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "appearance_form": appearance_form,
        "memberships": sso_session.known_to(request, Membership.objects.latest_used(signed_in_user(request))),
    }
    return render(request, "accounts/profile.html", context, status=status)


@reauthentication_required(allow_get=True, app="allauth.account")
def email_change(request: HttpRequest) -> HttpResponse:
    """Ask for a new address. It takes effect once both mailboxes have confirmed it."""
    user = signed_in_user(request)
    form = EmailChangeForm(request.POST if request.method == "POST" else None, user=user)
    if not form.is_valid():
        pending = EmailChange.objects.filter(user=user).first()
        return render(request, "accounts/email_change.html", {"form": form, "pending": pending})
    logins.ask_for_email_change(user=user, new_email=form.cleaned_data["new_email"])
    if mails.is_set_up():
        words = "Two mails are on their way: one to each address. The change is made when both confirmed."
    else:
        words = "Two links are made. Ask whoever runs this server for them. The change is made when both are confirmed."
    messages.success(request, words)
    return redirect("accounts:email_change")


@require_POST
def email_change_cancel(request: HttpRequest) -> HttpResponse:
    logins.cancel_email_change(user=signed_in_user(request))
    messages.success(request, "The address stays as it is. The two links no longer work.")
    return redirect("accounts:email_change")


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def email_confirm(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the link in either mail: GET asks, POST confirms. It works in any browser, signed in or not."""
    found = logins.email_change_by_secret(secret)
    if found is None:
        return render(request, "accounts/email_confirm.html", {"state": "unknown"}, status=404)
    change, side = found
    if request.method != "POST":
        return render(request, "accounts/email_confirm.html", {"state": "ask", "change": change, "side": side})
    try:
        changed = logins.confirm_email_change(change=change, side=side)
    except (IntegrityError, EmailChange.DoesNotExist):  # another login has it, or a new request replaced it
        return render(request, "accounts/email_confirm.html", {"state": "unknown"}, status=404)
    context = {"state": "changed" if changed else "waiting", "change": change, "side": side}
    return render(request, "accounts/email_confirm.html", context)


@require_POST
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    user = signed_in_user(request)
    session = get_object_or_404(UserSession.objects.filter(user=user), pk=session_id)
    is_this_one = session.session_key == request.session.session_key
    logins.end_session(user=user, session=session)
    if is_this_one:
        logout(request)
        return redirect(settings.LOGIN_URL)
    messages.success(request, "That session is ended.")
    return redirect("usersessions_list")


@reauthentication_required(allow_get=True, app="allauth.account")
def login_delete(request: HttpRequest) -> HttpResponse:
    """Delete the person's own login. Refused while nobody else has full access in one of their accounts."""
    user = signed_in_user(request)
    form = DeleteLoginForm(request.POST if request.method == "POST" else None, user=user)
    if not form.is_valid():
        return render(request, "accounts/login_delete.html", {"form": form})
    try:
        logins.delete_login(user=user)
    except LastFullAccess as refusal:
        context = {"form": form, "held_by": refusal.accounts, "is_way_back": isinstance(refusal, LastWayBack)}
        return render(request, "accounts/login_delete.html", context, status=409)
    except logins.StaffLogin:
        return render(request, "accounts/login_delete.html", {"form": form, "is_staff": True}, status=409)
    logout(request)
    messages.success(request, "Your login is deleted. What you made stays with your teammates.")
    return redirect(settings.LOGIN_URL)
