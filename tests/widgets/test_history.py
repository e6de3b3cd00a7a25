"""What can be undone and done again."""

from __future__ import annotations

from twingraph_lab.spec.workflow import Workflow
from twingraph_lab.widgets.history import STEPS, History

A, B, C = (Workflow(name=name) for name in "abc")


def test_changes_are_undone_in_turn_and_done_again():
    history = History()
    history.made(A)
    history.made(B)
    assert (history.undo(C), history.undo(B), history.undo(A)) == (B, A, None)
    assert (history.redo(A), history.redo(B), history.redo(C)) == (B, C, None)


def test_a_new_change_overtakes_what_was_undone():
    history = History()
    history.made(A)
    history.undo(B)
    history.made(A)
    assert history.redo(C) is None


def test_others_changes_end_the_story():
    history = History()
    history.made(A)
    history.forget()
    assert history.undo(B) is None


def test_only_so_many_steps_are_kept():
    history = History()
    for number in range(STEPS + 5):
        history.made(Workflow(name=str(number)))
    steps = 0
    while history.undo(A) is not None:
        steps += 1
    assert steps == STEPS
