"""Whose address a request comes from: the peer's, or what trusted proxies say, read from the right."""

from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.request.client_address import UNKNOWN, VENDOR_HEADERS, TrustedProxies, client_address, explain

PROXY = "10.0.0.1"
VISITOR = "203.0.113.9"
VICTIM = "198.51.100.66"


def xff(*values):
    return [(b"x-forwarded-for", value.encode("latin-1")) for value in values]


def fwd(*values):
    return [(b"forwarded", value.encode("latin-1")) for value in values]


def ask(headers, peer=PROXY, trusted="10.0.0.0/8"):
    """The client address. Checks that `explain` finds the same."""
    proxies = TrustedProxies.parse(trusted)
    address = client_address(peer, headers, proxies)
    assert explain(peer, headers, proxies).address == address
    return address


@pytest.mark.parametrize("trusted", ["", " ", "0", ",", "192.168.0.0/16", "unix"])
def test_nobody_but_a_trusted_proxy_is_believed(trusted):
    assert ask(xff(VICTIM) + fwd(f"for={VICTIM}"), peer=VISITOR, trusted=trusted) == VISITOR


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("::FFFF:cb00:7109", "203.0.113.9"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        (None, UNKNOWN),
        ("", UNKNOWN),
        ("testclient", UNKNOWN),
        ("\0", UNKNOWN),
    ],
)
def test_the_peer_is_given_as_one_canonical_text(peer, address):
    assert ask([], peer=peer, trusted="") == address
    assert ask([], peer=peer, trusted="10.0.0.0/8") == address


@pytest.mark.parametrize(
    "headers",
    [
        xff(VISITOR),
        xff(f"{VICTIM}, {VISITOR}"),
        xff(f"{VICTIM},unknown , rubbish,{VISITOR}, 10.0.0.7"),
        xff(VICTIM, VISITOR),
        xff(f"{VICTIM}, {VISITOR}", "10.0.0.7,10.0.0.8"),
        xff(f"{VISITOR}:5678"),
        xff(f"::ffff:{VISITOR}"),
        xff(f"[::ffff:{VISITOR}]:443"),
        xff(f"{VISITOR}, ::ffff:10.0.0.7"),
        xff(f"{VISITOR},,  ,"),
        xff(VISITOR, "", " , "),
        xff(f"\tx\xff\0, {VISITOR}\t"),
        fwd(f"for={VISITOR}"),
        fwd(f"for={VICTIM}, for={VISITOR};proto=https;by=10.0.0.1"),
        fwd(f'proto=http; FOR="{VISITOR}:80"'),
        fwd(f'for={VICTIM};host="a,b;for={VICTIM}", host="x\\", for={VICTIM}";for={VISITOR}'),
        fwd(f'for="\\{VISITOR}"'),
        fwd(f"for={VISITOR}:_port"),
        fwd(f'for="{VISITOR}"', "for=10.0.0.7", 'for="10.0.0.8:1"'),
        fwd(f'for="{VICTIM}, for={VISITOR}'),
        fwd(f'"""for={VICTIM}\\", for={VISITOR}'),
        fwd(f'for="[::ffff:{VISITOR}]:4711"'),
        [(b"X-Forwarded-For", VISITOR.encode())],
    ],
)
def test_the_right_most_untrusted_hop_counts(headers):
    assert ask(headers) == VISITOR


@pytest.mark.parametrize(
    "headers",
    [
        xff("2001:db8::1"),
        xff("[2001:db8::1]"),
        xff("[2001:DB8::1]:443"),
        xff("2001:db8::1%eth0"),
        fwd('for="[2001:db8::1]"'),
        fwd('For="[2001:db8::1]:47011"'),
        fwd("for=[2001:db8::1]:47011"),
    ],
)
def test_an_ipv6_hop_is_read_with_brackets_port_and_scope(headers):
    assert ask(headers) == "2001:db8::1"


@pytest.mark.parametrize(
    "entry",
    [
        "unknown",
        "_hidden",
        "rubbish",
        "203.0.113",
        "0203.0.113.9",
        "203.0.113.9:port",
        "203.0.113.9:123456",
        "[203.0.113.9]",
        "[2001:db8::1",
        "2001:db8::1]",
        "[2001:db8::1]443",
        "[]:80",
        ":80",
        "203.0.113.9/24",
        "localhost",
        "\xff",
        pytest.param("1" * 60_000, id="60 kB"),
    ],
)
def test_what_cannot_be_read_where_it_matters_leaves_the_peer(entry):
    assert ask(xff(f"{VICTIM}, {entry}")) == PROXY
    assert ask(xff(f"{VICTIM}, {entry}, 10.0.0.7")) == PROXY
    assert ask(fwd(f'for={VICTIM}, for="{entry}"')) == PROXY


@pytest.mark.parametrize(
    "element",
    [
        "proto=https",
        "for=",
        'for=""',
        'for="203.0.113.9',
        'for=203.0.113.9"',
        "for 203.0.113.9",
        "203.0.113.9",
        "for=203.0.113.9;for=198.51.100.66",
        "for=203.0.113.9;",
        "for==203.0.113.9",
        "for=203.0.113.9 x",
        ";for=203.0.113.9;=",
        "for=203.0.113.9;rubbish",
        '"',
        '\\"',
        "=",
    ],
)
def test_an_element_that_breaks_the_grammar_is_never_half_believed(element):
    expected = VISITOR if element == "for=203.0.113.9;" else PROXY

    assert ask(fwd(f"for={VICTIM}, {element}")) == expected


def test_a_trusted_proxy_that_says_nothing_asks_for_itself():
    assert ask([]) == PROXY
    assert ask(xff("", " , ")) == PROXY


def test_when_every_hop_is_trusted_the_outermost_one_counts():
    assert ask(xff("10.0.0.9, 10.0.0.8")) == "10.0.0.9"


def test_an_endless_list_of_trusted_hops_is_not_followed_to_its_end():
    found = explain(PROXY, xff(",".join(["10.0.0.9"] * 10_000)), TrustedProxies.parse("10.0.0.0/8"))

    assert found.address == "10.0.0.9"
    assert len(found.hops) < 100


@pytest.mark.parametrize("peer", [PROXY, None, "", VISITOR])
def test_a_number_of_hops_counts_from_the_right_whoever_the_peer_is(peer):
    assert ask(xff(f"{VICTIM}, {VISITOR}"), peer=peer, trusted="1") == VISITOR
    assert ask(xff(f"{VICTIM}, {VISITOR}, 192.0.2.1"), peer=peer, trusted="2") == VISITOR
    assert ask(fwd(f"for={VICTIM}, for={VISITOR}"), peer=peer, trusted="1") == VISITOR


def test_a_request_that_came_past_a_counted_proxy_is_not_believed():
    assert ask(xff(VICTIM), trusted="2") == PROXY
    assert ask(xff(f"{VICTIM}, unknown"), trusted="2") == PROXY


def test_a_unix_socket_is_believed_only_where_it_is_named():
    assert ask(xff(VISITOR), peer=None, trusted="10.0.0.0/8") == UNKNOWN
    assert ask(xff(VISITOR), peer=None, trusted="unix") == VISITOR
    assert ask(xff(f"{VISITOR}, 10.0.0.7"), peer="", trusted="unix, 10.0.0.0/8") == VISITOR
    assert ask(xff(VISITOR), peer="testclient", trusted="unix") == UNKNOWN
    assert ask([], peer=None, trusted="unix") == UNKNOWN


def test_two_kinds_of_header_that_agree_are_believed():
    assert ask(xff(VISITOR) + fwd(f'for="{VISITOR}:80"')) == VISITOR


def test_two_kinds_of_header_that_disagree_are_both_left_aside():
    assert ask(xff(VISITOR) + fwd(f"for={VICTIM}")) == PROXY
    assert ask(xff(VICTIM) + fwd(f"for={VISITOR}")) == PROXY
    assert ask(xff(VISITOR) + fwd("for=unknown")) == PROXY
    assert ask(xff(VISITOR) + fwd("for=10.0.0.7")) == PROXY


def test_a_header_that_is_empty_takes_no_part():
    assert ask(xff(VISITOR) + fwd("", " ,")) == VISITOR


def test_naming_the_header_that_the_proxy_writes_shuts_the_other_one_out():
    both = xff(VISITOR) + fwd(f"for={VICTIM}")

    assert ask(both, trusted="10.0.0.0/8, X-Forwarded-For") == VISITOR
    assert ask(both, trusted="forwarded, 1") == VICTIM
    assert ask(fwd(f"for={VICTIM}"), trusted="10.0.0.0/8, x-forwarded-for") == PROXY


@pytest.mark.parametrize("name", sorted(VENDOR_HEADERS))
def test_a_header_of_one_vendor_is_never_believed(name):
    headers = [(name, VICTIM.encode())]

    assert ask(headers) == PROXY
    assert ask(headers, trusted="1") == PROXY
    assert explain(PROXY, headers, TrustedProxies()).ignored == (name.decode(),)


@pytest.mark.parametrize(
    "value",
    [
        *["*", "0.0.0.0/0", "::/0", "0.0.0.0/1, 128.0.0.0/1", "17", "999999999999", "-1", "1, 10.0.0.0/8", "1,2"],
        *["proxy.example", "10.0.0", "10.0.0.0/33", "10.0.0.1:80", "unix:/x", "¹", "٣"],
        *["forwarded", "forwarded, x-forwarded-for, 1"],
    ],
)
def test_a_setting_that_is_not_understood_or_trusts_everybody_is_refused(value):
    with pytest.raises(ValueError, match=r"."):
        TrustedProxies.parse(value)


@pytest.mark.parametrize("peer", [PROXY, "::ffff:10.0.0.1", "2001:db8::7", "192.0.2.200"])
def test_proxies_are_written_like_rules(peer):
    trusted = "10.0.0.1,2001:db8::/32\t, 192.0.2.100-192.0.2.200"

    assert ask(xff(VISITOR), peer=peer, trusted=trusted) == VISITOR


def test_the_explanation_shows_each_stop_and_why():
    found = explain(PROXY, xff(f"{VICTIM}, {VISITOR}, 10.0.0.7"), TrustedProxies.parse("10.0.0.0/8"))

    assert found.headers == (("X-Forwarded-For", f"{VICTIM}, {VISITOR}, 10.0.0.7"),)
    assert [tuple(hop) for hop in found.hops] == [
        ("connection", PROXY, PROXY, True),
        ("X-Forwarded-For", "10.0.0.7", "10.0.0.7", True),
        ("X-Forwarded-For", VISITOR, VISITOR, False),
    ]
    assert found.address == VISITOR


@pytest.mark.parametrize(
    ("headers", "peer", "trusted", "said"),
    [
        (xff(VICTIM), PROXY, "", "No proxy is trusted"),
        (xff(VICTIM), VISITOR, "10.0.0.0/8", "does not come from a trusted proxy"),
        ([], PROXY, "10.0.0.0/8", "does not say for whom"),
        (xff(VISITOR), PROXY, "10.0.0.0/8", "X-Forwarded-For: the right-most"),
        (xff(VISITOR) + fwd(f"for={VICTIM}"), PROXY, "1", "lead to different addresses"),
        (fwd("for=unknown"), PROXY, "1", "Forwarded cannot be read"),
        (xff("unknown"), PROXY, "10.0.0.0/8", "X-Forwarded-For cannot be read"),
        (xff(VISITOR), PROXY, "2", "names fewer proxies"),
    ],
)
def test_the_explanation_gives_its_reason_in_a_sentence(headers, peer, trusted, said):
    assert said in explain(peer, headers, TrustedProxies.parse(trusted)).reason


NOISE = st.text(alphabet='0123456789.:,;="\\[]_ for\xff', max_size=40) | st.text(max_size=20)
NAMES = st.sampled_from([b"x-forwarded-for", b"forwarded", b"Forwarded", b"x-real-ip", b"host"])
HEADERS = st.lists(st.tuples(NAMES, NOISE.map(lambda text: text.encode("utf-8", "replace")) | st.binary(max_size=20)))


@given(st.none() | NOISE, HEADERS, st.sampled_from(["", "1", "2", "10.0.0.0/8, 8000::/1", "unix, 1.*"]))
@example(PROXY, fwd('for="\\'), "1")
@example(None, fwd('",'), "1")
def test_any_header_gives_an_address(peer, headers, trusted):
    proxies = TrustedProxies.parse(trusted)

    address = client_address(peer, headers, proxies)

    assert ip_address(address)
    assert explain(peer, headers, proxies).address == address


@given(NOISE)
@example('for="')
@example('"')
@example("\\")
def test_nothing_a_visitor_sends_changes_what_the_proxy_appended(sent):
    """The proxy appends to the visitor's own value, or adds a line of its own."""
    sent = sent.encode("utf-8", "replace").decode("latin-1")

    assert ask(xff(f"{sent}, {VISITOR}")) == VISITOR
    assert ask(xff(sent, VISITOR)) == VISITOR
    assert ask(fwd(f"{sent}, for={VISITOR}")) == VISITOR
    assert ask(fwd(sent, f'for="{VISITOR}:80";host="a, b"')) == VISITOR
