"""What people typed can put neither a link nor a line into a mail."""

import re

import pytest
from django.template.loader import get_template
from hypothesis import given
from hypothesis import strategies as st

from common import mails
from common.mails import BUTTON, plain, unlinked

DOTTED = re.compile(r"[^\W\d_]\.\w|\w\.[^\W\d_]")


@pytest.mark.parametrize(
    ("typed", "harmless"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("Ada https://evil.example/x", "Ada"),
        ("http://evil.example", ""),
        ("www.evil.example Ada", "Ada"),
        ("evil.example", "evil. example"),
        ("evil。example", "evil. example"),
        ("ada@evil.example", "ada at evil. example"),
        ("Ada\r\nBcc: x", "Ada Bcc: x"),
        ("Ada\u2028\u202eevil", "Ada evil"),
        ("[Click](x)", "(Click)(x)"),
        ("Dr. Strange", "Dr. Strange"),
        ("名前", "名前"),
        ("It fell by 66.67 %, to 1,024.5.", "It fell by 66.67 %, to 1,024.5."),
        ("1.2.3.4", "1. 2. 3. 4"),
        ("1.5.example 1.5x x1.5 1.com", "1. 5. example 1. 5x x1. 5 1. com"),
    ],
)
def test_names(typed, harmless):
    assert plain(typed) == harmless


@pytest.mark.parametrize(
    ("value", "harmless"),
    [
        ("https://evil.example/a?b=1", "https: //evil. example/a?b=1"),
        ("ada@evil.example", "ada at evil. example"),
        ("10.0.0.1/login", "10. 0. 0. 1/login"),
        ("[Click](x)\r\n 66.67 %", "[Click](x) 66.67 %"),
        ("x" * 999, "x" * 999),
    ],
)
def test_values_of_properties_stay_whole(value, harmless):
    assert unlinked(value) == harmless


@given(st.text())
def test_nothing_that_mail_programs_make_links_of_survives(typed):
    kept = plain(typed)

    assert "://" not in kept
    assert "@" not in kept
    assert not any(ord(each) < 32 or ord(each) == 127 for each in kept)
    assert not BUTTON.search(kept)
    assert len(kept) <= mails.LONGEST_VALUE
    assert not DOTTED.search(unlinked(typed))
    assert not {"@", "\n"} & set(unlinked(typed)) and "://" not in unlinked(typed)


def test_the_subject_is_one_line_and_a_button_is_a_paragraph_of_its_own():
    mail = mails.render("password_reset_key", {"link": "https://x.example/reset"})

    assert "\n" not in mail.subject
    assert [each.url for each in mail.paragraphs if each.url] == ["https://x.example/reset"]
    assert "https://x.example/reset" in mail.text
    assert 'href="https://x.example/reset"' in mail.html


def test_html_is_escaped():
    mail = mails.render("invitation_declined", {"email": "a@b.example", "account": "<b>&", "link": "https://x.example"})

    assert "<b>&" in mail.text
    assert "<b>&" not in mail.html


@pytest.mark.parametrize(
    "prefix",
    ["password_changed", "password_reset", "password_set", "email_changed", "totp_activated", "totp_deactivated",
     "webauthn_added", "webauthn_removed", "recovery_codes_generated", "account_already_exists", "unknown_account",
     "rescued"],
)  # fmt: skip
def test_every_mail_of_allauth_has_a_template(prefix):
    get_template(f"mail/{prefix}.txt")

    assert mails.render(prefix, {"at": "now", "ip": "192.0.2.1", "user_agent": "x"}).paragraphs
