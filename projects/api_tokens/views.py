"""The pages of a project's API tokens. Everybody makes their own; who may manage the project may revoke all."""

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import IntegrityError
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import TenantRequest, record_refusal, signed_in_user
from accounts.policy import Can
from projects.api_tokens import actions
from projects.api_tokens.forms import ApiTokenForm
from projects.door import project_view
from projects.models import ApiToken, Project
from projects.snippet import read_curl

PER_PAGE = 25


@require_safe
@project_view(Can.VIEW)
def api_token_list(request: TenantRequest, project: Project) -> HttpResponse:
    tokens = project.api_tokens.select_related("created_by", "revoked_by").order_by(
        F("revoked_at").desc(nulls_first=True), "-created_at", "-pk"
    )
    page = Paginator(tokens, PER_PAGE).get_page(request.GET.get("page"))
    rows = [(token, token.revoked_at is None and _may_revoke(request, token)) for token in page]
    context = {"project": project, "page": page, "rows": rows, "is_visit": request.membership.visit is not None}
    return render(request, "projects/api_token_list.html", context)


@never_cache
@project_view(Can.VIEW)
def api_token_create(request: TenantRequest, project: Project) -> HttpResponse:
    """The form for a new token. The response to it shows the secret, this once. Support, on a visit, makes none."""
    if request.membership.visit is not None:
        raise PermissionDenied
    form = ApiTokenForm(request.POST if request.method == "POST" else None, project=project)
    context = {"form": form, "project": project}
    if not form.is_valid():
        return render(request, "projects/api_token_create.html", context)
    try:
        token, secret = actions.create_api_token(project=project, membership=request.membership, **form.cleaned_data)
    except IntegrityError:  # the name was taken meanwhile, or the form was sent twice
        form.add_error("name", f"There is an API token named “{form.cleaned_data['name']}” already.")
        return render(request, "projects/api_token_create.html", context)
    except actions.TooManyTokens as many:
        form.add_error(None, str(many))
        return render(request, "projects/api_token_create.html", context)
    line = read_curl(secret=secret, site_url=settings.SITE_URL)
    context = {"project": project, "token": token, "secret": secret, "curl": line}
    return render(request, "projects/api_token_secret.html", context)


@project_view(Can.VIEW)
def api_token_revoke(request: TenantRequest, project: Project, api_token_id: int) -> HttpResponse:
    token = get_object_or_404(project.api_tokens.filter(revoked_at=None), pk=api_token_id)
    if not _may_revoke(request, token):
        record_refusal(request, project.account, {"path": request.path}, project.pk)
        raise PermissionDenied
    if request.method != "POST":
        return render(request, "projects/api_token_revoke.html", {"project": project, "token": token})
    actions.revoke_api_token(token=token, by=signed_in_user(request))
    messages.success(request, f"The API token {token.name} is revoked. It opens nothing any more.")
    return redirect("projects:api_token_list", project.pk)


def _may_revoke(request: TenantRequest, token: ApiToken) -> bool:
    return Can.MANAGE in request.can or token.created_by_id == signed_in_user(request).pk
