"""What is no rule: named by line, with a reason a person understands, and nothing is read."""

import pytest

from ipfilter.rules.lists import MAX_ERRORS, MAX_LINE_LENGTH, MAX_LINES, MAX_RULES, MAX_TRIPLES, RulesError, parse


def errors(text):
    with pytest.raises(RulesError) as caught:
        parse(text)
    return caught.value.errors


@pytest.mark.parametrize(
    ("text", "said", "suggestion"),
    [
        ("10.1.2", "write 10.1.2.* to exclude the whole range", "10.1.2.*"),
        ("10.1.2.", "write 10.1.2.* to exclude the whole range", "10.1.2.*"),
        ("10.1", "only two parts", "10.1.*"),
        ("10", "only one part", None),
        ("10.*.5", "only three parts", "10.*.5.*"),
        ("1.2.3.4.", "ends with a dot", "1.2.3.4"),
        ("1..2.3", "two dots", None),
        (".1.2.3", "begins with a dot", None),
        ("1.2.3.4.5", "5 parts", None),
        ("10.1.2.3.*", "5 parts", "10.1.2.3"),
        ("1.2.3.1*", "a whole part only", "1.2.3.*"),
        ("1.2.3?.4", "a whole part only", "1.2.*.4"),
        ("010.1.1.1", "leading zero", "10.1.1.1"),
        ("10.1.1.00", "leading zero", "10.1.1.0"),
        ("256.1.1.1", "at most 255", None),
        ("1.2.3." + "9" * 100, "at most 255", None),
        ("example.com", "is a name", None),
        ("localhost", "is a name", None),
        ("my-office.example", "is a name", None),
        ("example.com:80", "0-9 and a-f", None),
        ("https://1.2.3.4/page", "web address", "1.2.3.4"),
        ("http://user@1.2.3.4:80?x", "web address", "1.2.3.4"),
        ("http://[2001:db8::1]:80/", "web address", "2001:db8::1"),
        ("https://example.com", "web address", None),
        ("1.2.3.4:80", "port", "1.2.3.4"),
        ("[::1]:80", "port", "::1"),
        ("[::1]", "brackets", "::1"),
        ("[2001:db8::]/32", "brackets", "2001:db8::/32"),
        ("１.2.3.4", "not one of the digits 0 to 9", "1.2.3.4"),
        ("١.2.3.4", "not one of the digits 0 to 9", "1.2.3.4"),
        ("1。2。3。4", "cannot occur", "1.2.3.4"),
        ("1.2.3.4–1.2.3.9", "cannot occur", "1.2.3.4-1.2.3.9"),
        ("2001:db8::\u0430", "cyrillic", None),
        ("1.2.\u200b3.4", "invisible character (zero width space, U+200B)", "1.2.3.4"),
        ("1.2.3.4\u2060", "invisible character", "1.2.3.4"),
        ("1.2.3.\ufeff4", "invisible character", "1.2.3.4"),
        ("1.2.3.4\0", "invisible character (U+0000)", "1.2.3.4"),
        ("\ud800", "invisible character (U+D800)", None),
        ("10.0.0.0/255.0.0.0", "netmask", "10.0.0.0/8"),
        ("10.0.0.0/0.255.255.255", "netmask", "10.0.0.0/8"),
        ("10.0.0.0/255.0.255.0", "netmask", None),
        ("10.0.0.0/254.0.0.0", "netmask", "10.0.0.0/7"),
        ("10.0.0.0 255.255.0.0", "an address and a netmask", "10.0.0.0/16"),
        ("10.1.0.0\t0.0.255.255", "an address and a netmask", "10.1.0.0/16"),
        ("1.2.3.4 255.255.255.255", "an address and a netmask", "1.2.3.4/32"),
        ("10.0.0.0 255.0.255.0", "more than one address", "10.0.0.0, 255.0.255.0"),
        ("1.2.3.4 128.0.0.0", "more than one address", "1.2.3.4, 128.0.0.0"),
        ("0.0.0.0 0.0.0.0", "more than one address", "0.0.0.0, 0.0.0.0"),
        ("10.0.0.0/33", "from 0 to 32", None),
        ("::/129", "from 0 to 128", None),
        ("10.0.0.0/", "from 0 to 32", None),
        ("10.0.0.0/-1", "range", None),
        ("10.0.0.0/08", "leading zero", "10.0.0.0/8"),
        ("10.0.0.0 / 8", "space", "10.0.0.0/8"),
        ("10.0.0.0/8/8", "more than one /", None),
        ("10.1/16", "not complete", "10.1.0.0/16"),
        ("2001:db8/32", "not complete", "2001:db8::/32"),
        ("010.0.0.0/8", "leading zero", "10.0.0.0/8"),
        ("10.1.*/16", "both * and /", "10.1.*"),
        ("::ffff:1.2.3.0/24", "far beyond IPv4", "1.2.3.0/24"),
        ("::ffff:1.2.3.0/95", "far beyond IPv4", None),
        ("1.2.3.9-1.2.3.1", "ends before it begins", "1.2.3.1-1.2.3.9"),
        ("1.2.3.4-::1", "both sides", None),
        ("1.2.3.4-9", "short end", "1.2.3.4-1.2.3.9"),
        ("1.2.3.4-", "two addresses", None),
        ("1.2.3.4-1.2.3.5-1.2.3.6", "two addresses", None),
        ("1.2.3.*-1.2.4.*", "first and the last address", None),
        ("1.2.3.04-1.2.3.9", "leading zero", "1.2.3.4-1.2.3.9"),
        ("1.1.1.1 2.2.2.2", "more than one address", "1.1.1.1, 2.2.2.2"),
        ("1.1.1.1;2.2.2.2", "more than one address", "1.1.1.1, 2.2.2.2"),
        ("1.1.1.1 office", "note behind a # sign", None),
        ("fe80::1%eth0", "network interface", "fe80::1"),
        ("10.%", "* stands for any number", "10.*"),
        ("10.%.5.7", "* stands for any number", "10.*.5.7"),
        ("2001:db8:%", "* stands for any number", "2001:db8:*"),
        ("%", "* stands for any number", None),
        ('"1.2.3.4"', "quotes", "1.2.3.4"),
        ("'10.0.0.0/8'", "quotes", "10.0.0.0/8"),
        ("“10.* ”", "quotes", "10.*"),
        ('"', "quotes", None),
        ('"*"', "quotes", None),
        ("2001:db8", "write 2001:db8:* to exclude", "2001:db8:*"),
        ("2001:db8:", "write 2001:db8:* to exclude", "2001:db8:*"),
        ("1:2:3:4:5:6:7:8:9", "9 groups", None),
        ("::1::", ":: twice", None),
        (":::1", ":: twice", None),
        ("12345::", "one to four", None),
        ("xyz::1", "one to four", None),
        ("2001:db8::*", "two ways", "2001:db8:*"),
        ("2001:db8:1*:*", "a whole group only", "2001:db8:*:*"),
        ("::ffff:1.2.3.999", "at most 255", None),
        ("*1", "a whole part only", None),  # the near rule would be *, which is not for us to suggest
        ("!1.2.3.4", "not an IP address", None),
        ("-", "range", None),
        ("/", "after the /", None),
        (":", "not an IPv6 address", None),
        (".", "begins with a dot", None),
    ],
)
def test_a_bad_rule_is_named_with_its_reason_and_what_was_meant(text, said, suggestion):
    (error,) = errors(text)

    assert (error.line, error.text) == (1, text)
    assert said in error.reason
    assert error.suggestion == suggestion
    assert suggestion is None or parse(suggestion).rules


def test_all_bad_lines_are_reported_at_once_in_their_order():
    found = errors("10.1.2\n1.1.1.1\r\nexample.com, 2.2.2.2, 3.3.3 # x\n\n::g")

    assert [(error.line, error.text) for error in found] == [
        (1, "10.1.2"),
        (3, "example.com"),
        (3, "3.3.3"),
        (5, "::g"),
    ]


def test_the_error_reads_as_sentences():
    with pytest.raises(RulesError, match=r"line 1: example\.com is a name: .*; line 2: 1\.2\.3 has only three parts"):
        parse("example.com\n1.2.3")


def test_a_separator_that_no_text_area_ends_a_line_with_does_not_end_one():
    (error,) = errors("1.1.1.1\n2.2.2.2\u20283.3.3.3")

    assert error.line == 2


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x85", "\ud800"])
def test_a_comment_holds_nothing_that_a_database_or_a_page_cannot(character):
    (error,) = errors(f"1.1.1.1 # a{character}b")

    assert "control character" in error.reason


def test_a_comment_may_be_in_any_language():
    rule = parse("1.1.1.1 # Büro 東京 👩\u200d💻").rules[0]

    assert rule.note == "Büro 東京 👩\u200d💻"


def test_a_line_may_be_just_as_long_as_the_limit():
    line = "1.1.1.1 #".ljust(MAX_LINE_LENGTH, "x")

    assert len(parse(line).rules) == 1
    (error,) = errors(line + "x")
    assert f"at most {MAX_LINE_LENGTH}" in error.reason


def test_a_line_of_a_megabyte_is_reported_in_short():
    (error,) = errors("1.1.1.1," * 125_000)

    assert len(error.text) <= MAX_LINE_LENGTH + 1


def test_notes_and_blank_lines_do_not_count_as_rules():
    rules = [f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}" for number in range(MAX_RULES)]

    assert len(parse("\n".join(f"# a note\n\n{rule} # another" for rule in rules)).rules) == MAX_RULES


def test_a_list_may_have_just_as_many_lines_as_the_limit():
    lines = ["# a line"] * (MAX_LINES - 1) + ["1.1.1.1"]

    assert len(parse("\n".join(lines) + "\n\n").rules) == 1
    (error,) = errors("\n".join([*lines, "2.2.2.2"]))
    assert (error.line, error.text) == (MAX_LINES + 1, "2.2.2.2")


def test_wrong_rules_beyond_number_are_not_all_put_into_words():
    text = "\n".join(["1," * (MAX_LINE_LENGTH // 2)] * MAX_ERRORS)

    assert MAX_ERRORS <= len(errors(text)) <= MAX_ERRORS + MAX_LINE_LENGTH


def test_several_rules_in_a_line_do_not_pass_the_limit_of_rules():
    addresses = [f"10.0.{number >> 8}.{number & 255}" for number in range(MAX_RULES + 2)]
    lines = [",".join(addresses[start : start + 10]) for start in range(0, len(addresses), 10)]

    (error,) = errors("\n".join(lines))

    assert (error.line, error.text) == (MAX_RULES // 10 + 1, addresses[MAX_RULES])


def test_one_odd_range_is_fine_and_thousands_of_them_are_refused_once():
    odd = [f"{number:x}::1-{number + 1:x}::fffe" for number in range(1, MAX_TRIPLES // 100)]

    assert len(parse(odd[0]).rules[0].triples) > 100
    (error,) = errors("\n".join(odd))
    assert "one range too many" in error.reason


@pytest.mark.parametrize("kind", ["addresses", "ranges"])
def test_what_is_understood_of_a_list_beyond_the_limits_is_within_them(kind):
    """What is understood is compared with every other list, so nobody can make it as long as they like."""
    lines = {
        "addresses": [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in range(2 * MAX_RULES)],
        "ranges": [f"{n:x}::1-{n + 1:x}::fffe" for n in range(1, MAX_TRIPLES // 50)],
    }[kind]
    with pytest.raises(RulesError) as refused:
        parse("\n".join([*lines, "no rule"]))

    understood = refused.value.understood.rules
    assert len(understood) <= MAX_RULES + 1
    assert sum(len(rule.triples) for rule in understood[:-1]) <= MAX_TRIPLES
    assert [error.text for error in refused.value.errors][1:] == ["no rule"]
