"""Wrong passwords lead to pauses: nobody can guess for long, and nobody can lock somebody else out."""

from datetime import timedelta

import pytest
from django.core import signing
from django.core.cache import cache
from django.db.models import F
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import sign_in_pauses
from accounts.known_browsers import COOKIE
from accounts.models import SignInPause, User
from accounts.sign_in_pauses import Attempt
from tests.accounts.conftest import PASSWORD
from tests.accounts.test_second_factor import with_app
from tests.accounts.test_signing_in import NEW_PASSWORD, reset
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
OWNER = "owner@shop.example"
HOME, CAFE, STRANGER = "198.51.100.7", "198.51.100.200", "203.0.113.9"
WRONG = "a wrong password"


@pytest.fixture(autouse=True)
def fast_and_fresh(settings):
    """Hundreds of passwords are tried here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def owner(account):
    user = User.objects.create_user(OWNER, PASSWORD)
    MembershipFactory(account=account, user=user)
    return user


@pytest.fixture
def known(owner):
    """A browser in which the owner has signed in before, and out again."""
    browser = Client()
    assert gets_in(browser)
    browser.post(reverse("account_logout"))
    return browser


def post(browser, password, *, email=OWNER, address=HOME):
    cache.clear()  # 30 attempts a minute from one address are another limit, with a test of its own
    return browser.post(reverse("account_login"), {"login": email, "password": password}, REMOTE_ADDR=address)


def gets_in(browser, password=PASSWORD, **more):
    return post(browser, password, **more).status_code == 302


def guess(times, *, email=OWNER, address=STRANGER):
    """Answers to wrong passwords from browsers that nobody knows. `address` may be a function of the number."""
    return [
        post(Client(), WRONG, email=email, address=address(number) if callable(address) else address).content.decode()
        for number in range(times)
    ]


def anywhere(number):
    return f"100.64.{number // 250}.{number % 250 + 1}"


def strangers_guess(email=OWNER):
    """Until unknown browsers have to wait, wherever they are. Counted as if they had asked."""
    for number in range(101):
        wait = sign_in_pauses.begin(Attempt(email, anywhere(number)))
    assert wait > 0


def later(seconds):
    """Let time pass for what is counted."""
    SignInPause.objects.update(failed_at=F("failed_at") - timedelta(seconds=seconds))


def is_held_up(answer):
    return "Too many failed" in answer


class TestStrangers:
    def test_one_stranger_holds_up_nobody_elsewhere(self, owner):
        guess(12)

        assert gets_in(Client(), address=HOME)

    def test_a_known_browser_gets_in_whatever_strangers_do(self, known):
        answers = guess(150, address=anywhere) + guess(20, address=HOME)

        assert is_held_up(answers[-1])
        assert gets_in(known, address=HOME)
        assert gets_in(known, address=CAFE)

    def test_many_addresses_are_bounded_for_one_account(self, owner):
        answers = guess(101, address=anywhere)

        assert [is_held_up(each) for each in answers] == [False] * 100 + [True]
        assert not gets_in(Client(), address=HOME)
        later(5)
        assert gets_in(Client(), address=HOME)

    def test_a_network_of_ipv6_is_one_sender(self, owner):
        answers = guess(6, address=lambda number: f"2001:db8:1:2:{number:x}::1")

        assert is_held_up(answers[5])
        assert not is_held_up(guess(1, address="2001:db8:1:3::1")[0])

    def test_trying_one_password_on_many_people_is_bounded(self, db):
        answers = [guess(1, email=f"person{number}@shop.example")[0] for number in range(11)]

        assert [is_held_up(each) for each in answers] == [False] * 10 + [True]

    def test_upper_case_is_the_same_address(self, owner):
        guess(5)

        assert is_held_up(guess(1, email=OWNER.upper())[0])

    def test_more_than_thirty_attempts_a_minute_from_one_address_are_refused(self, owner, known):
        data = {"login": OWNER, "password": PASSWORD}
        answers = [Client().post(reverse("account_login"), data, REMOTE_ADDR=CAFE).status_code for _ in range(31)]

        assert answers == [302] * 30 + [200]
        assert known.post(reverse("account_login"), data, REMOTE_ADDR=CAFE).status_code == 302

    def test_a_signed_in_person_confirms_the_password_whatever_strangers_do(self, owner):
        browser = Client()
        gets_in(browser)
        browser.cookies.pop(COOKIE)
        strangers_guess()

        answer = browser.post(reverse("account_reauthenticate"), {"password": PASSWORD}, REMOTE_ADDR=STRANGER)

        assert answer.status_code == 302


class TestPauses:
    def test_they_grow_and_say_how_long(self, owner):
        waits = []
        guess(5)
        for pause in (60, 120, 240):
            waits.append(guess(1)[0])
            later(pause - 3)
            assert is_held_up(guess(1)[0])
            later(4)
            guess(1)

        for answer, words in zip(waits, ("1 minute", "2 minutes", "4 minutes"), strict=True):
            assert f"Too many failed attempts to sign in. Try again in {words}." in answer

    def test_what_is_refused_does_not_lengthen_them(self, owner):
        guess(25)

        later(61)

        assert gets_in(Client(), address=STRANGER)

    def test_they_have_a_longest(self):
        for rule in (sign_in_pauses.ONE_SENDER, sign_in_pauses.NETWORK, sign_in_pauses.EVERYWHERE):
            now = timezone.now()
            assert rule.wait(1e6, now, now) == rule.longest

    def test_the_right_password_ends_them(self, owner):
        guess(4)
        assert gets_in(Client(), address=STRANGER)

        assert not any(map(is_held_up, guess(5)))

    def test_right_passwords_count_for_nothing(self, owner):
        assert all(gets_in(Client()) for _ in range(12))
        assert max(SignInPause.objects.values_list("failures", flat=True)) < 1

    def test_they_are_forgotten(self, owner):
        guess(5)

        later(24 * 60 * 60)

        assert not any(map(is_held_up, guess(5)))

    def test_parallel_attempts_are_counted_before_the_password_is_checked(self, owner, monkeypatch):
        seen = []
        check = User.check_password

        def looking(self, password):
            seen.extend(SignInPause.objects.values_list("failures", flat=True))
            return check(self, password)

        monkeypatch.setattr(User, "check_password", looking)
        guess(1)

        assert seen == [1.0, 1.0, 1.0]

    def test_only_so_many_are_kept(self, owner, monkeypatch):
        monkeypatch.setattr(sign_in_pauses, "MOST_ROWS", 5)
        for number in range(4):
            guess(1, email=f"person{number}@shop.example", address=anywhere(number))
        newest = set(SignInPause.objects.order_by("-failed_at").values_list("pk", flat=True)[:5])

        sign_in_pauses.prune()

        assert set(SignInPause.objects.values_list("pk", flat=True)) == newest

    def test_attempts_prune(self, owner, monkeypatch):
        monkeypatch.setattr(sign_in_pauses, "PRUNED_EVERY", 1)
        monkeypatch.setattr(sign_in_pauses, "MOST_ROWS", 6)
        for number in range(4):
            guess(1, email=f"person{number}@shop.example", address=anywhere(number))

        assert SignInPause.objects.count() <= 9

    def test_no_address_is_stored(self, owner):
        guess(1)

        assert OWNER not in str(list(SignInPause.objects.values()))
        assert STRANGER not in str(list(SignInPause.objects.values()))


class TestKnownBrowsers:
    def test_the_cookie_is_for_the_server_only(self, known, settings):
        cookie = known.cookies[COOKIE]

        assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 365 * 24 * 60 * 60)
        settings.SESSION_COOKIE_SECURE = True
        browser = Client()
        gets_in(browser)
        assert browser.cookies[COOKIE]["secure"]

    def test_a_known_browser_has_a_limit_of_its_own(self, known):
        for _ in range(5):
            assert not gets_in(known, WRONG)

        assert not gets_in(known)
        assert gets_in(Client())

    def test_it_is_known_to_nobody_else(self, known):
        User.objects.create_user("other@shop.example", PASSWORD)
        strangers_guess("other@shop.example")

        assert not gets_in(known, email="other@shop.example")

    def test_several_people_share_a_browser(self, known):
        User.objects.create_user("other@shop.example", PASSWORD)
        gets_in(known, email="other@shop.example")
        known.post(reverse("account_logout"))
        strangers_guess()

        assert gets_in(known)

    @pytest.mark.parametrize("salt", [COOKIE, "another"])
    def test_a_forged_cookie_is_nothing(self, owner, salt):
        stamp = owner.get_session_auth_hash()
        forged = signing.dumps(["browser", {str(owner.pk): stamp}], salt=salt, key=None if salt != COOKIE else "x" * 60)
        browser = Client()
        browser.cookies[COOKIE] = forged
        strangers_guess()

        assert not gets_in(browser)

    def test_a_new_password_makes_browsers_strangers_except_where_it_was_chosen(self, owner, known):
        here = Client()
        gets_in(here)
        data = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
        here.post(reverse("account_change_password"), data)
        here.post(reverse("account_logout"))
        strangers_guess()

        assert not gets_in(known, NEW_PASSWORD)
        assert gets_in(here, NEW_PASSWORD)

    def test_a_reset_by_mail_makes_a_browser_known(self, owner):
        strangers_guess()

        browser, _ = reset(owner)

        assert gets_in(browser, NEW_PASSWORD)

    def test_a_new_secret_key_keeps_them(self, known, settings):
        settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "y" * 60
        strangers_guess()

        assert gets_in(known)

    def test_a_second_factor_that_is_missing_makes_no_browser_known(self, owner):
        with_app(owner)
        browser = Client()
        gets_in(browser)

        assert COOKIE not in browser.cookies
