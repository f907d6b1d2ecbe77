"""The jobs of accounts: mails, and forgetting what has expired.

A mail is deferred in the transaction of the change it reports, and retried for hours.

Arguments are ids and harmless text. Secrets are derived when the mail is sent (common/links.py, allauth's own
tokens), so the job queue never holds one. Each job checks that its ids are still valid.
"""

from smtplib import SMTPException
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts.actions.invitations import link_of
from accounts.expired import forget_expired
from accounts.models import EmailChange, Invitation, Membership, User
from accounts.sso import certificate_mails
from accounts.sso.actions import domains
from accounts.sso.models import SsoDomain
from common import links, mails
from common.jobs import LOW, MAIL, MAIL_RETRY


@app.task(name="accounts.send_mail", queue=MAIL, retry=MAIL_RETRY)
def send_mail(template: str, to: str, context: dict[str, Any], reply_to: str = "") -> None:
    """Send `templates/mail/<template>.txt` to one address. `context` must not hold secrets."""
    mails.render(template, context).message(to, reply_to).send()


@app.task(name="accounts.mail_teammate", queue=MAIL, retry=MAIL_RETRY)
def mail_teammate(account_id: int, user_id: int, template: str, context: dict[str, Any], reply_to: str = "") -> None:
    """Send the same to somebody with full access to an account, about it.

    Nothing is sent if they have it no more, or the account was closed meanwhile: a mail may wait for hours.
    """
    teammates = Membership.objects.full_access().filter(account=account_id, account__closed_at=None, user=user_id)
    if teammate := teammates.select_related("user").first():
        mails.render(template, context).message(teammate.user.email, reply_to).send()


@app.task(name="accounts.send_domain_proof", queue=MAIL, retry=MAIL_RETRY)
def send_domain_proof(domain_id: int, nonce: str) -> None:
    """Mail the link that proves a domain to its postmaster, unless the domain is gone or proven by now."""
    waiting = SsoDomain.objects.select_related("account").filter(proven_at=None, account__closed_at=None)
    domain = waiting.filter(pk=domain_id, nonce=nonce).first()
    if domain is not None:
        context = {
            "domain": domain.domain,
            "account": mails.plain(domain.account.name),
            "link": domains.link_of(domain),
        }
        mails.render("sso_domain", context).message(f"postmaster@{domain.domain}").send()


@app.task(name="accounts.send_invitation", queue=MAIL, retry=MAIL_RETRY)
def send_invitation(invitation_id: int, nonce: str) -> None:
    """Mail an invitation's link, unless the invitation was used, ended or renewed meanwhile.

    If the mail server refuses it, the reason is stored on the invitation, for the Teammates tab.
    """
    invitation = (
        Invitation.objects.open().select_related("account", "invited_by").filter(pk=invitation_id, nonce=nonce).first()
    )
    if invitation is None or invitation.is_expired() or invitation.account.closed_at is not None:
        return
    inviter = invitation.invited_by
    context = {
        "inviter": (mails.plain(str(inviter)) if inviter else "") or "A teammate",
        "account": mails.plain(invitation.account.name),
        "read_only": invitation.read_only,
        "expires_at": invitation.expires_at,
        "link": link_of(invitation),
    }
    try:
        mails.render("invitation", context).message(invitation.email).send()
    except (OSError, SMTPException) as error:
        Invitation.objects.filter(pk=invitation.pk, nonce=nonce).update(mail_problem=str(error)[:300])
        raise
    Invitation.objects.filter(pk=invitation.pk, nonce=nonce).update(
        mailed_at=timezone.now() if mails.is_set_up() else None, mail_problem=""
    )


@app.task(name="accounts.send_password_reset", queue=MAIL, retry=MAIL_RETRY)
def send_password_reset(user_id: int, to: str) -> None:
    """Mail a link with which the user can choose a new password."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        return
    key = f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"
    path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"}).replace("UID-KEY", key)
    mails.render("password_reset_key", {"link": links.absolute(path)}).message(to).send()


@app.task(name="accounts.send_address_confirmation", queue=MAIL, retry=MAIL_RETRY)
def send_address_confirmation(address_id: int, signup: bool) -> None:
    """Mail a link that verifies an address, unless the address was verified or removed meanwhile."""
    address = EmailAddress.objects.filter(pk=address_id, verified=False).first()
    if address is None:
        return
    path = reverse("account_confirm_email", args=[EmailConfirmationHMAC.create(address).key])
    context = {"link": links.absolute(path), "signup": signup}
    mails.render("address_confirmation", context).message(address.email).send()


@app.task(name="accounts.send_email_change", queue=MAIL, retry=MAIL_RETRY)
def send_email_change(change_id: int, nonce: str, side: str) -> None:
    """Mail one of the two links of a change of address; `side` is "old" or "new"."""
    change = EmailChange.objects.select_related("user").filter(pk=change_id, nonce=nonce).first()
    if change is None:
        return
    path = reverse("accounts:email_confirm", args=[links.secret(f"email_change.{side}", nonce)])
    context = {
        "link": links.absolute(path),
        "old_email": change.user.email,
        "new_email": change.new_email,
        "side": side,
        "expires_at": change.expires_at,
    }
    to = change.user.email if side == "old" else change.new_email
    mails.render("email_change", context).message(to).send()


@app.periodic(cron="51 * * * *")
@app.task(name="accounts.expired", queueing_lock="accounts.expired", priority=LOW, pass_context=False)
def expired(timestamp: int) -> None:
    """Delete what has expired. Each step commits on its own, so a stop loses nothing."""
    while forget_expired():
        pass


@app.periodic(cron="12 * * * *")
@app.task(name="accounts.certificates", queueing_lock="accounts.certificates", pass_context=False)
def certificates(timestamp: int) -> None:
    """Have people with full access told before a certificate of their single sign-on ends."""
    certificate_mails.warn()
