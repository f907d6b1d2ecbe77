"""The settings page "Joining and leaving (SCIM)": the tokens of an account's directory."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import account_view, signed_in_user
from accounts.models import Account
from accounts.policy import Can
from accounts.scim import token_actions
from accounts.scim.forms import TokenForm
from accounts.scim.token_actions import MOST_IN_FORCE
from common import links

TOKENS_PER_PAGE = 25


@require_safe
@account_view(Can.MANAGE)
def scim(request: HttpRequest, account: Account) -> HttpResponse:
    tokens = account.scim_tokens.select_related("created_by", "revoked_by")
    in_force = tokens.filter(revoked_at=None).count()
    newest_first = tokens.order_by(F("revoked_at").desc(nulls_first=True), "-created_at", "-pk")
    context = {
        "page": Paginator(newest_first, TOKENS_PER_PAGE).get_page(request.GET.get("page")),
        "may_make_one": in_force < MOST_IN_FORCE,
        "most": MOST_IN_FORCE,
        "domains": account.sso_domains.filter(proven_at__isnull=False).order_by("domain"),
        "people": account.scim_people.count(),
        "base_url": links.absolute("/scim/v2"),
    }
    return render(request, "accounts/scim/list.html", context)


@never_cache
@account_view(Can.MANAGE)
def scim_token_create(request: HttpRequest, account: Account) -> HttpResponse:
    """The form for a new token. The answer to it shows the secret, only this once."""
    form = TokenForm(request.POST if request.method == "POST" else None, account=account)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "accounts/scim/create.html", {"form": form}, status=status)
    try:
        token, secret = token_actions.create_token(account=account, by=signed_in_user(request), **form.cleaned_data)
    except IntegrityError:  # the form was sent twice
        form.add_error("name", "There is a token of that name already.")
    except token_actions.TooManyScimTokens:
        form.add_error(None, f"{MOST_IN_FORCE} tokens are as many as can be in force. Revoke one first.")
    else:
        context = {"token": token, "secret": secret, "base_url": links.absolute("/scim/v2")}
        return render(request, "accounts/scim/secret.html", context)
    return render(request, "accounts/scim/create.html", {"form": form}, status=422)


@account_view(Can.MANAGE)
def scim_token_revoke(request: HttpRequest, account: Account, scim_token_id: int) -> HttpResponse:
    token = get_object_or_404(account.scim_tokens.filter(revoked_at=None), pk=scim_token_id)
    if request.method != "POST":
        return render(request, "accounts/scim/revoke.html", {"token": token})
    token_actions.revoke_token(token=token, by=signed_in_user(request))
    messages.success(request, f"The token {token.name} is revoked. It opens nothing any more.")
    return redirect("accounts:scim", account.pk)
