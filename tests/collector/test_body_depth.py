"""How deep a body is nested, found without a look at what it decodes to."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.request import bodies

MOST = 3
texts = st.text(st.sampled_from('[]{}"\\,:a\n'), max_size=6)
values = st.recursive(
    texts | st.integers(0, 9) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=30,
)


@pytest.fixture(scope="module", autouse=True)
def few_levels():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "MAX_DEPTH", MOST)
        yield


def depth(value):
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return 1 + max(map(depth, inner), default=0)
    return 0


@given(values, st.booleans())
def test_it_is_as_deep_as_its_innermost_brackets_whatever_texts_hold(value, is_compact):
    text = json.dumps(value, separators=(",", ":") if is_compact else None).encode()

    assert bodies._is_too_deep(text) == (depth(value) > MOST)


def test_a_name_that_comes_twice_hides_nothing():
    assert bodies._is_too_deep(b'{"a": [[[[]]]], "a": 1}')
