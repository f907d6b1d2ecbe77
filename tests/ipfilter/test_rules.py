"""Every form a rule can have: what it holds, what it does not, and its one canonical text."""

from ipaddress import ip_address

import pytest

from ipfilter.rules.canonical import NotARule, triples_of
from ipfilter.rules.lists import MAX_CANONICAL_LENGTH, compile_rules, parse


def only(text):
    (rule,) = parse(text).rules
    return rule


@pytest.mark.parametrize(
    ("text", "canonical", "inside", "outside"),
    [
        ("10.1.2.3", "10.1.2.3", ["10.1.2.3"], ["10.1.2.2", "10.1.2.4"]),
        ("0.0.0.0", "0.0.0.0", ["0.0.0.0"], ["0.0.0.1", "::"]),
        ("255.255.255.255", "255.255.255.255", ["255.255.255.255"], ["255.255.255.254"]),
        ("10.1.*", "10.1.0.0/16", ["10.1.0.0", "10.1.255.255"], ["10.0.255.255", "10.2.0.0", "11.1.0.0"]),
        ("10.1.*.*", "10.1.0.0/16", ["10.1.0.0", "10.1.255.255"], ["10.2.0.0"]),
        ("10.*", "10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["11.0.0.0", "9.255.255.255"]),
        ("10.*.5.7", "10.*.5.7", ["10.0.5.7", "10.255.5.7"], ["10.0.5.8", "10.0.4.7", "11.0.5.7"]),
        ("10.*.5.*", "10.*.5.*", ["10.0.5.0", "10.9.5.255"], ["10.9.4.0", "11.9.5.0"]),
        ("*.*.*.7", "*.*.*.7", ["1.2.3.7"], ["1.2.3.8"]),
        ("10.0.0.0/8", "10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["11.0.0.0"]),
        ("10.1.2.3/32", "10.1.2.3", ["10.1.2.3"], ["10.1.2.4"]),
        ("10.1.2.3/31", "10.1.2.2/31", ["10.1.2.2", "10.1.2.3"], ["10.1.2.1", "10.1.2.4"]),
        ("1.2.3.4-1.2.3.9", "1.2.3.4-1.2.3.9", ["1.2.3.4", "1.2.3.9"], ["1.2.3.3", "1.2.3.10"]),
        ("1.2.3.4 - 1.2.3.9", "1.2.3.4-1.2.3.9", ["1.2.3.4", "1.2.3.9"], ["1.2.3.3", "1.2.3.10"]),
        ("1.2.3.4\t-1.2.3.4", "1.2.3.4", ["1.2.3.4"], ["1.2.3.3", "1.2.3.5"]),
        ("10.0.0.0-10.255.255.255", "10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["11.0.0.0"]),
        ("255.255.255.254-255.255.255.255", "255.255.255.254/31", ["255.255.255.255"], ["0.0.0.0"]),
        ("2001:db8::1", "2001:db8::1", ["2001:db8::1", "2001:DB8:0:0::1"], ["2001:db8::2", "32.1.13.184"]),
        ("2001:0DB8:0000::0001", "2001:db8::1", ["2001:db8::1"], ["2001:db8::"]),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304", ["64:ff9b::102:304"], ["1.2.3.4", "::ffff:1.2.3.4"]),
        ("::", "::", ["::"], ["::1", "0.0.0.0"]),
        ("2001:db8:*", "2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db9::", "32.1.13.184"]),
        (
            "2001:db8:*:*:1:*:*:*",
            "2001:db8:*:*:1:*:*:*",
            ["2001:db8:9:9:1::", "2001:db8::1:2:3:4"],
            ["2001:db8:9:9:2::", "2001:db9:9:9:1::"],
        ),
        ("2001:db8::/32", "2001:db8::/32", ["2001:db8::", "2001:db8:ffff::"], ["2001:db9::"]),
        ("fe80::-fe80::9", "fe80::-fe80::9", ["fe80::", "fe80::9", "fe80::5%eth0"], ["fe80::a", "fe7f::"]),
        ("::ffff:1.2.3.4", "1.2.3.4", ["1.2.3.4", "::ffff:1.2.3.4", "::ffff:102:304"], ["::1.2.3.4"]),
        ("::ffff:102:304", "1.2.3.4", ["1.2.3.4"], ["1.2.3.5"]),
        ("::ffff:1.2.3.0/120", "1.2.3.0/24", ["1.2.3.255", "::ffff:1.2.3.0"], ["1.2.4.0"]),
        ("::ffff:0:0/96", "0.0.0.0/0", ["1.2.3.4"], ["::", "2001:db8::1"]),
        ("::ffff:10.1.*", "10.1.0.0/16", ["10.1.9.9"], ["10.2.0.0"]),
        ("0:0:0:0:0:ffff:0a01:*", "10.1.0.0/16", ["10.1.9.9", "::ffff:10.1.9.9"], ["10.2.0.0"]),
        ("::ffff:1.2.3.4-1.2.3.9", "1.2.3.4-1.2.3.9", ["1.2.3.9"], ["1.2.3.10"]),
        ("*", "*", ["0.0.0.0", "255.255.255.255", "::", "2001:db8::1", "::ffff:1.2.3.4"], []),
        ("*.*.*.*", "0.0.0.0/0", ["1.2.3.4", "::ffff:1.2.3.4"], ["2001:db8::1", "::"]),
        ("::/0", "::/0", ["2001:db8::1", "::"], ["1.2.3.4", "::ffff:1.2.3.4"]),
    ],
)
def test_a_rule_holds_what_it_says_and_nothing_beside_it(text, canonical, inside, outside):
    rules = parse(text)

    assert [rule.canonical for rule in rules.rules] == [canonical]
    assert [address for address in inside if rules.match(address) is None] == []
    assert [address for address in outside if rules.match(address) is not None] == []


def test_two_spellings_have_one_canonical_text():
    spellings = ["10.1.*", "10.1.*.*", "10.1.0.0/16", "10.1.77.1/16", "10.1.0.0 - 10.1.255.255", "::ffff:10.1.*"]

    assert {only(text).canonical for text in spellings} == {"10.1.0.0/16"}


def test_a_rule_keeps_its_text_its_note_and_its_line():
    rule = only("\n\n  10.1.*.*\t#  the office #2  \n")

    assert (rule.source, rule.note, rule.line) == ("10.1.*.*", "the office #2", 3)


@pytest.mark.parametrize(
    ("text", "count"),
    [("10.1.2.3", 1), ("10.*.5.7", 256), ("1.2.3.4-1.2.3.9", 6), ("::/0", 2**128), ("*", 2**32 + 2**128)],
)
def test_a_rule_counts_its_addresses(text, count):
    assert only(text).address_count == count


def test_lines_commas_comments_and_line_ends_of_all_kinds_are_read():
    text = "\ufeff# our own\r\n1.1.1.1, 2.2.2.2 ,# both\r3.3.3.3\n\r\n\t\n  4.4.4.4,\n,,\n"

    rules = parse(text).rules

    assert [(rule.source, rule.line, rule.note) for rule in rules] == [
        ("1.1.1.1", 2, "both"),
        ("2.2.2.2", 2, "both"),
        ("3.3.3.3", 3, ""),
        ("4.4.4.4", 6, ""),
    ]


@pytest.mark.parametrize("text", ["", "\n", "\ufeff", "# nothing yet", " \r\n\t,\n"])
def test_a_list_without_rules_is_valid_and_excludes_nobody(text):
    rules = parse(text)

    assert rules.rules == ()
    assert rules.notices == ()
    assert rules.match("1.2.3.4") is None


def test_the_most_specific_rule_is_the_one_that_matches():
    rules = parse("*\n10.*\n10.1.2.*\n10.1.2.3\n10.*.2.3")

    assert rules.match("10.1.2.3").source == "10.1.2.3"
    assert rules.match("10.1.2.4").source == "10.1.2.*"
    assert rules.match("10.7.2.3").source == "10.*.2.3"
    assert rules.match("10.7.7.7").source == "10.*"
    assert rules.match("2001:db8::1").source == "*"


def test_an_address_object_matches_like_its_text():
    rules = parse("1.2.3.4\nfe80::1")

    assert rules.match(ip_address("1.2.3.4")).source == "1.2.3.4"
    assert rules.match(ip_address("::ffff:1.2.3.4")).source == "1.2.3.4"
    assert rules.match(ip_address("fe80::1%eth0")).source == "fe80::1"


def test_a_text_of_a_subclass_matches_too():
    class SafeText(str):
        __slots__ = ()

    assert parse("1.2.3.4").match(SafeText("1.2.3.4")) is not None


@pytest.mark.parametrize(
    "address",
    [
        *["", "unknown", "1.2.3", "01.2.3.4", "1.2.3.4:80", " 1.2.3.4", "[::1]", "%", "::1%", "\0", "1.2.3.4\0"],
        *["\ud800", "::\ud800", "1.2.3.4%eth0", "::%\ud800%", None, 16909060, b"\1\2\3\4", "9" * 5_000],
    ],
)
def test_matching_never_raises(address):
    matched = parse("*").match(address)

    assert matched is None or address in ("::1%", "::%\ud800%")


def test_an_ipv6_wildcard_drops_no_ipv4_visitor_and_the_other_way_round():
    assert parse("*:*").match("1.2.3.4") is None
    assert parse("*.*").match("2001:db8::1") is None


def test_compiled_rules_give_back_the_key_they_were_stored_under():
    stored = [(0, "10.*"), (7, "2001:db8:*:*:1:*:*:*"), (9, "1.2.3.4-1.2.3.9")]

    compiled = compile_rules((key, triples_of(only(text).canonical)) for key, text in stored)

    assert compiled.match("10.9.9.9") == 0
    assert compiled.match("2001:db8::1:0:0:1") == 7
    assert compiled.match("::ffff:1.2.3.5") == 9
    assert compiled.match("1.2.3.10") is None


def test_of_two_equal_rules_in_two_lists_the_first_is_given_back():
    triples = only("10.*").triples

    assert compile_rules([("account", triples), ("environment", triples)]).match("10.1.1.1") == "account"


def test_plain_tuples_are_triples_too():
    assert compile_rules([("x", [(4, 0x01020304, 0xFFFFFFFF)])]).match("1.2.3.4") == "x"


def test_compiled_rules_are_true_only_when_they_hold_something():
    assert not compile_rules([])
    assert compile_rules(parse("::1").rules)


@pytest.mark.parametrize("text", ["", "10.1.2", "1.1.1.1, 2.2.2.2", "9" * 5_000, "1.1.1.1/" + "9" * 5_000, " 1.1.1.1"])
def test_a_stored_text_that_is_no_rule_is_refused(text):
    with pytest.raises(NotARule):
        triples_of(text)


def test_the_longest_canonical_text_fits_its_column():
    ones = ":".join(["1111"] * 8)
    twos = ":".join(["2222"] * 8)

    assert len(only(f"{ones}-{twos}").canonical) == MAX_CANONICAL_LENGTH
