"""Addresses as people paste them; each that is doubtful is named."""

import time
from contextlib import suppress

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.pasted_addresses import MOST_NAMED, addresses

ANN, BOB, CARL = "ann@example.com", "bob@example.com", "carl@example.com"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bob Smith <bob@example.com>; ann@example.com", [BOB, ANN]),
        ("ann@example.com bob@example.com", [ANN, BOB]),
        ("<ann@example.com>,<BOB@example.com>,\n\nann@example.com", [ANN, BOB]),
        ('"Smith, Bob" <bob@example.com>, ann@example.com', [BOB, ANN]),
        ("Smith, Bob <bob@example.com>; Miller, Ann <ann@example.com>;", [BOB, ANN]),
        ("Smith, Bob <bob@example.com>\nDr. Ann Miller-O'Neill <ann@example.com>,", [BOB, ANN]),
        ("Bob Smith <bob@example.com>, Ann <ann@example.com> Carl <carl@example.com>", [BOB, ANN, CARL]),
        ("ann@example.com Bob <bob@example.com> carl@example.com", [ANN, BOB, CARL]),
        ("bob@example.com <bob@example.com>", [BOB]),
        ("'bob@example.com' <bob@example.com>; (ann@example.com)", [BOB, ANN]),
        ("Bob < bob@example.com >", [BOB]),
        ("ann@example.com\r\nbob@example.com\tcarl@example.com", [ANN, BOB, CARL]),
        ("Зоя <zoe@münchen.example>", ["zoe@xn--mnchen-3ya.example"]),
        ("Bob <bob@example.com", [BOB]),
        (" ,; \n", []),
    ],
)
def test_pasted(text, found):
    assert addresses(text) == found


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Bob Smith <bob@example>; ann@example.com", ["bob@example"]),
        ("Bob Smith <bob example.com>, ann@example.com", ["bob example.com"]),
        ("Bob Smith, ann@example.com", ["Bob Smith"]),
        ("ann.example.com, Bob <bob@example.com>", ["ann.example.com"]),
        ("ann.example.com Bob <bob@example.com>", ["ann.example.com"]),
        ("ann@example.com, bob@, carl@@example.com; dora", ["bob@", "carl@@example.com", "dora"]),
        ("Bob <>", ["<>"]),
        ("Bob <bob example.com", ["bob example.com"]),
    ],
)
def test_what_is_doubtful_is_named_each(text, named):
    with pytest.raises(ValidationError) as error:
        addresses(text)

    assert [words.partition("“")[2].partition("”")[0] for words in error.value.messages] == named


def test_of_very_many_the_first_are_named_and_the_others_counted():
    with pytest.raises(ValidationError) as error:
        addresses(",".join(f"nobody{number}" for number in range(60)))

    assert len(error.value.messages) == MOST_NAMED + 1
    assert error.value.messages[-1].startswith("10 more")


@pytest.mark.parametrize("piece", ["a", "<", " ", "< ", '" ', "@", "a."])
def test_no_text_takes_long(piece):
    began = time.process_time()
    with suppress(ValidationError):
        addresses(f"<{piece * (60_000 // len(piece))}")

    assert time.process_time() - began < 10  # it was 2 s; a quadratic search takes minutes


@given(st.text(alphabet='ab@.<>,;"\n ', max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        found = addresses(text)
    except ValidationError as error:
        assert error.messages
    else:
        assert len(found) == len(set(found))
