"""Who comes next: the pure queue, without a database."""

import random

import pytest

from events import queue as queue_module
from events.queue import BATCH_RECORDS, LIGHT_RECORDS, QUICK_SECONDS, FairQueue, Standing, Waiting
from tests.events.making import event

A, B, C = 1, 2, 3
QUICK, SLOW = 0.01, 2 * QUICK_SECONDS


def waiting(environment_id, records=1, size=100, since=0.0):
    return Waiting([event(environment_id=environment_id)] * records, size, since, None)


def filled(*environments, lanes=3, **options):
    queue = FairQueue(lanes)
    for environment_id in environments:
        queue.put(waiting(environment_id, **options))
    return queue


def environments(batch):
    return [request.records[0].environment_id for request in batch.requests]


def finished(queue, batch, seconds=QUICK):
    queue.committed(batch, seconds)
    queue.release(batch)


def blocked(queue, batch):
    queue.blocked(batch, batch.requests)
    queue.release(batch)


# --- Turns ----------------------------------------------------------------------------------------------------------
def test_what_waits_together_is_taken_together():
    queue = filled(A, B, A, C)

    assert sorted(environments(queue.take())) == [A, A, B, C]
    assert queue.take() is None
    assert (queue.records, queue.size, bool(queue)) == (0, 0, False)


def test_nothing_is_taken_from_an_empty_queue():
    assert FairQueue(3).take() is None


def test_each_gives_its_share_of_a_batch_at_most():
    queue = filled(*[A] * 3 * BATCH_RECORDS, *[B] * 10)

    taken = environments(queue.take())

    assert (taken.count(A), taken.count(B)) == (BATCH_RECORDS // 2, 10)


def test_one_that_waits_alone_gives_a_whole_batch():
    assert len(filled(*[A] * 3 * BATCH_RECORDS).take().requests) == BATCH_RECORDS


def test_those_who_do_not_fit_into_a_batch_come_first_in_the_next_one():
    many = range(3 * BATCH_RECORDS)
    queue = filled(*many, *many, lanes=9)

    taken = [environments(queue.take()) for _ in range(6)]

    for round_of_all in (taken[:3], taken[3:]):
        assert sorted(number for numbers in round_of_all for number in numbers) == list(many)


def test_a_heavy_request_goes_without_others():
    queue = filled(A, records=LIGHT_RECORDS + 1)
    queue.put(waiting(B))
    queue.put(waiting(A))
    queue.put(waiting(B))

    assert [environments(queue.take()) for _ in range(2)] == [[A, A], [B, B]]


def test_a_heavy_request_behind_others_lets_them_go_first_and_has_its_turn():
    queue = filled(B, A)
    queue.put(waiting(A, size=queue_module.LIGHT_BYTES + 1))
    queue.put(waiting(B))

    assert sorted(environments(queue.take())) == [A, B, B]
    assert environments(queue.take()) == [A]


def test_heavy_requests_have_one_lane_and_go_one_by_one_where_others_send_too():
    queue = filled(A, B, A, B, records=LIGHT_RECORDS + 1)
    queue.look_around()
    first = queue.take()
    assert (environments(first), queue.take()) == ([A], None)
    queue.put(waiting(C))
    assert environments(queue.take()) == [C]

    finished(queue, first)

    assert environments(queue.take()) == [B]


def test_an_environment_that_is_alone_has_lanes_and_batches_for_heavy_requests():
    queue = filled(*[A] * 50, records=LIGHT_RECORDS + 1)
    queue.look_around()

    assert [len(queue.take().requests) for _ in range(2)] == [20, 20]


def test_others_are_forgotten_when_they_send_no_more():
    queue = filled(A, B)
    finished(queue, queue.take())
    queue.look_around()
    assert queue.serves_several

    queue.put(waiting(A))
    queue.look_around()

    assert not queue.serves_several


def test_a_heavy_request_that_is_held_up_leaves_the_lane_to_other_heavy_ones():
    queue = filled(A, records=LIGHT_RECORDS + 1)
    blocked(queue, queue.take())
    queue.put(waiting(B, records=LIGHT_RECORDS + 1))
    queue.look_around()

    assert [environments(queue.take()) for _ in range(2)] == [[A], [B]]


# --- Lanes ----------------------------------------------------------------------------------------------------------
def test_one_environment_leaves_a_lane_to_others():
    queue = filled(A)
    first = queue.take()
    assert queue.put(waiting(A))
    assert queue.take()

    assert not queue.put(waiting(A))
    assert queue.take() is None
    assert queue.put(waiting(B))
    assert environments(queue.take()) == [B]
    finished(queue, first)
    assert environments(queue.take()) == [A]


def test_the_only_lane_is_for_everybody():
    assert filled(A, lanes=1).take()


# --- Capacity -------------------------------------------------------------------------------------------------------
@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(queue_module, "CAPACITY_RECORDS", 10)
    monkeypatch.setattr(queue_module, "CAPACITY_BYTES", 10_000)


@pytest.mark.parametrize("large", [{"records": 2}, {"size": 2_000}], ids=["records", "bytes"])
def test_a_full_queue_refuses_who_holds_more_than_a_share(small, large):
    queue = filled(*[A] * 5, **large)

    assert not queue.has_room(A)
    assert queue.has_room(B)
    queue.put(waiting(B, **large))
    assert queue.has_room(B)
    assert not queue.has_room(A)


def test_there_is_a_bound_for_all_together(small):
    queue = filled(*range(20))

    assert not queue.has_room(A) and not queue.has_room(99)


# --- Those whose rows are locked or slow ----------------------------------------------------------------------------
def held_up(queue, environment_id):
    """Let an environment be blocked alone, and put one more request of it."""
    queue.put(waiting(environment_id))
    blocked(queue, queue.take())


def test_those_of_a_shared_batch_that_is_blocked_are_written_apart():
    queue = filled(A, B, C)
    blocked(queue, queue.take())

    taken = []
    while batch := queue.take():
        taken.append(environments(batch))
        finished(queue, batch)

    assert sorted(taken) == [[A], [B], [C]]


def test_those_apart_leave_a_lane_to_those_who_are_trusted():
    queue = filled(A, B, C)
    blocked(queue, queue.take())
    assert queue.take() and queue.take()

    assert queue.take() is None
    queue.put(waiting(4))
    assert environments(queue.take()) == [4]


def test_a_suspect_has_one_lane_and_is_trusted_again_when_it_was_quick():
    queue = filled(A, B)
    blocked(queue, queue.take())
    first, second = queue.take(), queue.take()
    assert not queue.put(waiting(A))
    assert queue.take() is None

    finished(queue, first)
    finished(queue, second)
    queue.put(waiting(B))

    assert sorted(environments(queue.take())) == [A, B]


def test_all_that_are_held_up_have_one_lane_in_turn():
    queue = FairQueue(3)
    held_up(queue, A)
    assert queue.held_up == 1
    first = queue.take()
    assert (environments(first), first.standing) == ([A], Standing.HELD_UP)
    held_up(queue, B)

    assert not queue.put(waiting(A))
    assert queue.take() is None
    queue.put(waiting(C))
    assert environments(queue.take()) == [C]
    queue.release(first)
    second = queue.take()
    assert environments(second) == [B]
    queue.release(second)
    assert environments(queue.take()) == [A]


def test_nothing_of_a_blocked_batch_is_lost_and_its_order_stays():
    queue = FairQueue(3)
    requests = [waiting(A, since=float(number)) for number in range(5)]
    for request in requests[:3]:
        queue.put(request)
    taken = queue.take()
    for request in requests[3:]:
        queue.put(request)

    blocked(queue, taken)

    assert queue.take().requests == requests


def test_one_that_was_held_up_proves_itself_longer_each_time():
    queue = FairQueue(3)
    proofs = [proofs_after_a_hold_up(queue) for _ in range(3)]
    assert proofs == [2, 4, 8]

    queue.forgive()

    assert proofs_after_a_hold_up(queue) == 4


def proofs_after_a_hold_up(queue):
    """How many batches an environment is committed alone, after its first quick one, until it shares them again."""
    held_up(queue, A)
    finished(queue, queue.take())
    for proofs in range(100):
        queue.put(waiting(A))
        queue.put(waiting(B))
        batch = queue.take()
        if B in environments(batch) and A in environments(batch):
            finished(queue, batch)
            return proofs
        for each in (batch, queue.take()):
            finished(queue, each)
    raise AssertionError("it never shares a batch again")


def test_a_late_commit_is_no_proof_that_the_rows_are_free():
    queue = FairQueue(3)
    held_up(queue, A)
    finished(queue, queue.take(), SLOW)
    assert queue.held_up == 1

    queue.put(waiting(A))
    finished(queue, queue.take(), QUICK)
    assert queue.held_up == 0


# --- Requests that wait too long ------------------------------------------------------------------------------------
def test_what_waits_too_long_is_removed_the_oldest_first():
    queue = filled(A)
    for since in (1.0, 2.0, 3.0):
        queue.put(waiting(B, since=since))

    assert [request.since for request in queue.expire(2.5)] == [0.0, 1.0, 2.0]
    assert environments(queue.take()) == [B]
    assert queue.expire(9.0) == []


# --- All of it together ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_each_request_is_taken_once_or_expires(seed):
    chance = random.Random(seed)
    queue, put, out, writing = FairQueue(3), [], [], []
    for moment in range(2_000):
        for _ in range(chance.randrange(4)):
            request = waiting(chance.randrange(5), chance.choice([1, 1, LIGHT_RECORDS + 1]), since=moment)
            queue.put(request)
            put.append(request)
        if len(writing) < 3 and (batch := queue.take()):
            assert (
                len({line.environment_id for line in batch.lines}) == len(batch.lines) == len(set(environments(batch)))
            )
            writing.append(batch)
        elif writing:
            batch = writing.pop(chance.randrange(len(writing)))
            if chance.random() < 0.2 and batch.standing is not Standing.HELD_UP:
                blocked(queue, batch)
            else:
                finished(queue, batch, chance.choice([QUICK, QUICK, SLOW]))
                out += batch.requests
        if moment % 100 == 0:
            out += queue.expire(moment - 300)
    for batch in writing:
        finished(queue, batch)
        out += batch.requests
    while batch := queue.take():
        finished(queue, batch)
        out += batch.requests

    assert sorted(map(id, out)) == sorted(map(id, put))
    assert (queue.records, queue.size, bool(queue)) == (0, 0, False)
    assert all(not line.lanes and not line.requests for line in queue._lines.values())
