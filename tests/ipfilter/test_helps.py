"""The pure helpers of the page: sizes in words, the visitor, amending a text, the tiny chart."""

from datetime import date

import pytest

from common import sparkline
from ipfilter.page.sizes import addresses_in_words
from ipfilter.page.text_edits import with_rule, with_suggestions
from ipfilter.page.your_address import Visitor
from ipfilter.rules.lists import MAX_LINE_LENGTH, RulesError, parse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no address"),
        ("1.2.3.4", "1 IPv4 address"),
        ("10.1.*\n10.1.2.3", "65,536 IPv4 addresses"),
        ("10.*.5.7", "256 IPv4 addresses"),
        ("1.2.3.4-1.2.3.9", "6 IPv4 addresses"),
        ("1.2.3.4-1.2.3.9\n1.2.3.8-1.2.3.12\n1.2.3.12", "9 IPv4 addresses"),
        ("10.*.5.7\n10.0.0.0/9\n10.1.5.*", "8,388,736 IPv4 addresses"),
        ("10.*.5.7\n10.7.*.7", "511 IPv4 addresses"),
        ("2001:db8:*:5:0:0:0:0\n2001:db8::/33", "more than 2,147,483,648 IPv6 networks (/64)"),
        ("2001:db8::1\n2001:db8::2", "2 IPv6 addresses"),
        ("2001:db8::/64", "1 IPv6 network (/64)"),
        ("2001:db8::/48\n2001:db9::1", "more than 65,536 IPv6 networks (/64)"),
        ("1.2.3.4\n2001:db8::/63", "1 IPv4 address and 2 IPv6 networks (/64)"),
        ("0.0.0.0/1\n64.0.0.0-255.255.255.255", "4,294,967,296 IPv4 addresses"),
        ("*", "4,294,967,296 IPv4 addresses and 18,446,744,073,709,551,616 IPv6 networks (/64)"),
    ],
)
def test_sizes_are_told_in_words(text, words):
    assert addresses_in_words(parse(text).rules) == words


@pytest.mark.parametrize(
    ("address", "is_private", "network"),
    [
        ("8.8.8.8", False, None),
        ("10.1.2.3", True, None),
        ("127.0.0.1", True, None),
        ("100.64.0.1", True, None),
        ("2606:4700:1:2::7", False, "2606:4700:1:2::/64"),
        ("fe80::1", True, None),
        ("::1", True, None),
        (None, False, None),
    ],
)
def test_a_visitors_address_is_judged(address, is_private, network):
    visitor = Visitor(address)

    assert (visitor.is_private, visitor.network) == (is_private, network)


def test_nobody_without_an_address_is_kept_out():
    assert Visitor(None).match(parse("*")) is None


@pytest.mark.parametrize("text", ["", "\n\n", "10.1.*", "10.1.*\n", "10.1.*\n\n# end"])
def test_a_rule_is_added_in_a_line_of_its_own(text):
    added = with_rule(text, "203.0.113.9", name="Ada", on=date(2026, 3, 1))

    assert added.endswith("203.0.113.9 # Ada, 01 Mar 2026\n")
    assert parse(added).rules[:-1] == parse(text).rules


def test_a_rule_that_is_added_can_always_be_read():
    name = "\u202eÄ\n#,x\x00" * 50
    address = "2606:4700:1111:2222:3333:4444:5555:6666"

    added = with_rule("", address, name=name, on=date(2026, 3, 1))

    assert len(added.rstrip("\n")) <= MAX_LINE_LENGTH
    assert [rule.source for rule in parse(added).rules] == [address]


def test_suggestions_replace_the_refused_parts_alone():
    text = "10.1.2  ,10.1.2.3, 10.1.25# 10.1.2\n\nhost\n010.1.2.3"
    with pytest.raises(RulesError) as refused:
        parse(text)

    amended = with_suggestions(text, refused.value.errors)

    assert amended == "10.1.2.*  ,10.1.2.3, 10.1.25.*# 10.1.2\n\nhost\n10.1.2.3"


def test_a_sparkline_draws_a_bar_for_each_day_with_something():
    assert sparkline.path([0, 1, 0, 2]) == "M4 12v-6h3V12zM12 12v-12h3V12z"
    assert sparkline.path([0, 0]) == sparkline.path([]) == ""


def test_the_smallest_bar_is_seen_beside_the_largest():
    assert sparkline.path([1, 1_000_000]).startswith("M0 12v-1h3")
