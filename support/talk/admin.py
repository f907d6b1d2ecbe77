"""The staff's inbox of messages, and answering them."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from accounts.door import signed_in_user
from common import links, mails
from support.staff_admin import StaffModelAdmin, link, log
from support.staff_site import staff_site
from support.talk import actions
from support.talk.mail import reply_address
from support.talk.models import LONGEST_TEXT, Message, MessageState
from support.visits.actions import allowed as visits_allowed

NOT_MAILED = (
    "Mail is not set up on this server: your answer is kept, but {} does not get it. Write to them yourself as well."
)
BEGINNING = 80  # characters of a message in the list


class ReplyForm(forms.Form):
    """Staff's answer."""

    text = forms.CharField(
        label="Answer",
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": "Write an answer."},
    )


@admin.register(Message, site=staff_site)
class MessageAdmin(StaffModelAdmin):
    list_display = ("beginning", "state", "kind", "email", "account_link", "sent_at")
    list_display_links = ("beginning",)
    list_filter = ("state", "kind")
    search_fields = ("email", "text", "account__name")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).select_related("account", "environment__project", "by")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("<int:pk>/reply/", view(require_POST(self.reply)), name="support_message_reply"),
            path("<int:pk>/state/", view(require_POST(self.set_state)), name="support_message_state"),
        ]
        return own + super().get_urls()

    @admin.display(description="message")
    def beginning(self, message: Message) -> str:
        return message.text[:BEGINNING] + ("…" if len(message.text) > BEGINNING else "")

    @admin.display(description="account")
    def account_link(self, message: Message) -> SafeString | str:
        if message.account is None:
            return "–"
        return link(reverse("admin:accounts_account_change", args=[message.account.pk]), message.account)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The thread, with a form for an answer."""
        message = self.row_or_404(request, object_id)
        return self._thread(request, message, ReplyForm())

    def _thread(self, request: HttpRequest, message: Message, form: ReplyForm, status: int = 200) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": f"Message {message.pk}",
            "opts": self.opts,
            "message": message,
            "replies": message.replies.all(),
            "form": form,
            "states": [each for each in MessageState if each != message.state],
            "page_link": self._page_link(message),
            "may_act": message.account is not None and message.account.closed_at is None,
            "visits_allowed": message.account is not None and visits_allowed(message.account),
            "mail_to_support": bool(settings.SUPPORT_EMAIL),
            "reply_address": reply_address(signed_in_user(request)),
        }
        return TemplateResponse(request, "admin/support/message.html", context, status=status)

    @staticmethod
    def _page_link(message: Message) -> SafeString | str:
        if not message.page.startswith("/"):
            return "–"
        return format_html('<a href="{}" rel="noreferrer">{}</a>', links.absolute(message.page), message.page)

    def reply(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Send an answer."""
        message = get_object_or_404(self.get_queryset(request), pk=pk)
        form = ReplyForm(request.POST)
        if not form.is_valid():
            return self._thread(request, message, form, status=422)
        actions.reply(message=message, text=form.cleaned_data["text"], by=signed_in_user(request))
        log(request, message, CHANGE, "Answered")
        if mails.is_set_up():
            messages.success(request, f"Your answer goes to {message.email}.")
        else:
            messages.warning(request, NOT_MAILED.format(message.email))
        return redirect("admin:support_message_change", pk)

    def set_state(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Close a message, or open it again."""
        message = get_object_or_404(Message, pk=pk)
        state = request.POST.get("state", "")
        if state in MessageState.values:
            actions.set_state(message=message, state=MessageState(state), by=signed_in_user(request))
            log(request, message, CHANGE, f"Now {state}")
        return redirect("admin:support_message_change", pk)
