"""Every template is one that somebody can meet, and every icon too."""

import re

from django.conf import settings
from django.urls import reverse

from tests.reach import our_templates, reachable_templates, replaced_views

ICON = re.compile(r'(?:icon\.html" with name=(?:icon\|default:)?|\bicon=|icons\.svg" %}#)"?(\w+)')
VARIABLES = {"icon", "kind"}
KINDS_OF_NOTICES = {"info", "success", "warning", "error"}


def test_every_template_is_rendered_or_included():
    assert our_templates() - reachable_templates() == set()


def test_our_urls_replace_one_page_of_allauth():
    assert replaced_views() == {"EmailView"}  # accounts:email_change


def test_nobody_signs_in_by_a_code_from_a_mail(client):
    response = client.get(reverse("account_confirm_login_code"))

    assert response["Location"] == reverse("account_login")


def test_every_icon_is_shown_and_every_shown_one_exists():
    pages = (settings.BASE_DIR / "templates").rglob("*.html")
    shown = {name for page in pages for name in ICON.findall(page.read_text())} - VARIABLES | KINDS_OF_NOTICES

    drawn = re.findall(r'<symbol id="(\w+)"', (settings.BASE_DIR / "static/img/icons.svg").read_text())

    assert set(drawn) == shown
