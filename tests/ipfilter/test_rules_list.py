"""What the rules of a list mean together: notices, and whether everybody is stopped."""

import pytest

from ipfilter.rules.lists import parse


def notices(text):
    """The notices about lines; those about the whole list have no line."""
    return [tuple(notice) for notice in parse(text).notices if notice.line]


def test_host_bits_are_cleared_with_a_notice():
    assert notices("1.1.1.1\n10.1.2.3/24") == [(2, "10.1.2.3/24 is read as 10.1.2.0/24")]
    assert notices("2001:db8::1/32") == [(1, "2001:db8::1/32 is read as 2001:db8::/32")]
    assert notices("10.1.2.0/24\n::ffff:1.2.3.0/120") == []


def test_a_duplicate_is_kept_once_with_a_notice_that_names_the_first():
    rules = parse("10.1.* # first\n10.1.0.0/16 # second\n10.1.*")

    assert [(rule.line, rule.note) for rule in rules.rules] == [(1, "first")]
    assert [notice.text for notice in rules.notices if notice.line] == [
        "10.1.0.0/16 is the same as 10.1.* in line 1",
        "10.1.* is already in line 1",
    ]


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("10.1.2.3", "10.1.*"),
        ("10.1.2.0/24", "10.1.0.0/16"),
        ("1.2.3.5", "1.2.3.4-1.2.3.9"),
        ("1.2.3.5-1.2.3.6", "1.2.3.4-1.2.3.9"),
        ("10.7.5.7", "10.*.5.7"),
        ("10.7.5.6-10.7.5.9", "10.*.5.*"),
        ("10.*.5.7", "10.*.5.*"),
        ("10.*.5.7", "10.*"),
        ("10.*.5.7", "9.0.0.0-11.0.0.0"),
        ("*.*.5.7", "0.0.0.0/0"),
        ("10.*.5.7", "10.0.5.7-10.255.5.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:*:*:3:*:*:*"),
        ("2001:db8::/48", "2001:db8:*"),
        ("1.2.3.4", "*"),
        ("::/0", "*"),
        ("*.*.*.*", "*"),
    ],
)
def test_a_rule_inside_another_is_noticed_whichever_comes_first(narrow, wide):
    assert notices(f"{narrow}\n{wide}") == [(1, f"{narrow} is already covered by {wide} in line 2")]
    assert notices(f"{wide}\n{narrow}") == [(2, f"{narrow} is already covered by {wide} in line 1")]


@pytest.mark.parametrize(
    "text",
    [
        "10.1.2.3\n10.1.2.4",
        "1.2.3.4-1.2.3.9\n1.2.3.8-1.2.3.12",
        "10.*.5.7\n10.7.5.6-10.7.5.8",
        "10.*.5.7\n10.0.0.0-10.200.0.0",
        "10.*.5.*\n*.1.5.*",
        "1.2.3.4\n::/0",
        "0.0.0.0/0\n::/0",
        "0.0.0.0/1\n128.0.0.0/1",
    ],
)
def test_rules_that_only_touch_or_overlap_are_not_noticed(text):
    assert notices(text) == []


def test_notices_come_in_the_order_of_the_lines_and_those_for_the_list_last():
    lines = [notice.line for notice in parse("10.1.2.3\n10.1.2.3\n10.1.9.9/16\n::1").notices]

    assert lines == [1, 2, 3, None]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1.2.3.4\n10.*", "All rules are IPv4"),
        ("::ffff:1.2.3.4", "All rules are IPv4"),
        ("2001:db8::1", "All rules are IPv6"),
        ("1.2.3.4\n2001:db8::1", "IPv4 and IPv6 rules"),
    ],
)
def test_the_list_says_which_versions_it_holds(text, said):
    (notice,) = parse(text).notices

    assert notice.line is None
    assert said in notice.text


def test_a_rule_for_everybody_needs_no_word_about_versions():
    assert parse("*").notices == ()


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "*.*.*.*",
        "*.*",
        "*:*",
        "*:*:*:*:*:*:*:*",
        "0.0.0.0/0",
        "9.9.9.9/0",
        "::/0",
        "::ffff:0:0/96",
        "0:0:0:0:0:ffff:*",
        "0.0.0.0-255.255.255.255",
        "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "0.0.0.0/1\n128.0.0.0/1",
        "128.0.0.0/1, 64.0.0.0/2 # rest\n0.0.0.0-63.255.255.255",
        "::/1\n8000::/1",
        "0.0.0.0-99.0.0.0\n50.0.0.0-255.255.255.255",
        "1.2.3.4\n::1\n::/0",
        "1.0.0.0-223.255.255.255",
        "2000::/3",
        "\n".join(f"{first}.*" for first in range(256)),
    ],
)
def test_a_list_that_stops_everybody_says_so(text):
    assert parse(text).blocks_everybody


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.*",
        "0.0.0.0/1",
        "0.0.0.0/1\n::/3",
        "0.0.0.0-99.0.0.0\n99.0.0.2-255.255.255.255",
        "*.*.*.7",
        "1.0.0.1-223.255.255.255",
        "1.0.0.0-223.255.255.254",
        "2000::/4",
        "fc00::/7",
        "\n".join(f"{first}.*" for first in range(256) if first != 77),
    ],
)
def test_a_list_that_lets_somebody_in_does_not(text):
    assert not parse(text).blocks_everybody
