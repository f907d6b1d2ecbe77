"""Playwright's event loop runs in this thread from the first browser test on; tests elsewhere must not see it.

Where a loop runs Django has another connection, which nobody would close after a test that rolls back: the test
database could not be copied any more.
"""

import asyncio

import pytest

from tests.conftest import pytest_runtest_call, pytest_runtest_setup, pytest_runtest_teardown


@pytest.fixture
def browser():
    """As other tests call a client of theirs."""


@pytest.mark.parametrize("phase", [pytest_runtest_setup, pytest_runtest_call, pytest_runtest_teardown])
def test_a_fixture_that_is_called_browser_elsewhere_is_not_playwrights(browser, request, phase):
    outer, loop = asyncio._get_running_loop(), asyncio.new_event_loop()
    asyncio._set_running_loop(loop)
    try:
        run = phase(request.node)
        next(run)
        assert asyncio._get_running_loop() is None
        with pytest.raises(StopIteration):
            next(run)
        assert asyncio._get_running_loop() is loop
    finally:
        asyncio._set_running_loop(outer)
        loop.close()
