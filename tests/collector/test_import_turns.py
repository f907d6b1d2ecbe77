"""Who may import next."""

from collector.imports.turns import KEPT_SECONDS, ImportTurns


def test_one_imports_at_a_time():
    turns = ImportTurns()

    with turns.turn(1) as first, turns.turn(2) as second:
        assert (first, second) == (True, False)
    with turns.turn(2) as second:
        assert second


def test_who_was_told_to_wait_comes_before_who_imports_all_day():
    turns = ImportTurns()
    with turns.turn(1), turns.turn(2), turns.turn(3), turns.turn(1):
        pass

    order = []
    for _ in range(3):
        for project in (1, 3, 2):
            with turns.turn(project) as has_turn:
                order += [project] * has_turn

    assert order == [2, 3, 1, 2]


def test_a_place_is_kept_for_a_while_only():
    turns = ImportTurns()
    assert turns._take(1, 0.0)
    assert not turns._take(2, 1.0)
    turns._is_taken = False

    assert not turns._take(1, KEPT_SECONDS)
    assert turns._take(1, KEPT_SECONDS + 1.5)
