"""Every template is one that somebody can meet."""

from django.urls import reverse

from tests.reach import our_templates, reachable_templates, replaced_views


def test_every_template_is_rendered_or_included():
    assert our_templates() - reachable_templates() == set()


def test_our_urls_replace_one_page_of_allauth():
    assert replaced_views() == {"EmailView"}  # accounts:email_change


def test_nobody_signs_in_by_a_code_from_a_mail(client):
    response = client.get(reverse("account_confirm_login_code"))

    assert response["Location"] == reverse("account_login")
