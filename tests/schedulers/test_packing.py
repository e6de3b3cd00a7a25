from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.schedulers.tasks import task
from twingraph_lab.schedulers.packing import chains, pack


def ids(groups):
    return [["".join(t.id for t in unit) for unit in units] for units in groups]


def test_a_chain_is_one_unit():
    tasks = [task("a"), task("b", "a"), task("c", "b")]
    assert ids(pack(tasks, slots=4)) == [["abc"]]


def test_a_diamond_keeps_its_parallel_sides():
    tasks = [task("a"), task("b", "a"), task("c", "a"), task("d", "b", "c")]
    assert ids(pack(tasks, slots=4)) == [["a"], ["b"], ["c"], ["d"]]


def test_a_narrow_level_is_not_batched():
    assert len(pack([task(f"t{i}") for i in range(32)], slots=4)) == 32


def test_a_level_far_wider_than_the_slots_is_batched():
    groups = pack([task(f"t{i}") for i in range(1000)], slots=4)
    assert len(groups) == 4
    assert sum(len(units) for units in groups) == 1000


def test_what_needs_other_resources_is_not_fused_or_batched_with_the_rest():
    tasks = [task("a"), task("b", "a", resources={"gpu": 1.0}), task("c", "b", resources={"gpu": 1.0})]
    assert ids(pack(tasks, slots=4)) == [["a"], ["bc"]]


def test_a_task_whose_upstream_is_already_running_begins_a_chain():
    assert ids(pack([task("b", "elsewhere"), task("c", "b")], slots=4)) == [["bc"]]


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 60))
    return [
        task(f"t{i}", *(f"t{p}" for p in sorted(draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else ())))
        for i in range(size)
    ]


@given(graphs(), st.integers(1, 3))
def test_every_task_is_in_one_group_and_groups_depend_on_earlier_ones_only(tasks, slots):
    groups = pack(tasks, slots)
    place = {t.id: number for number, units in enumerate(groups) for unit in units for t in unit}
    assert sorted(place) == sorted(t.id for t in tasks)
    assert sum(len(unit) for units in groups for unit in units) == len(tasks)
    for number, units in enumerate(groups):
        for unit in units:
            own = {t.id for t in unit}
            for position, t in enumerate(unit):
                if position:
                    assert t.upstream == (unit[position - 1].id,)
                assert all(parent in own or place[parent] < number for parent in t.upstream)


def test_ten_thousand_tasks_in_a_chain_are_fused_without_recursion():
    tasks = [task("t0"), *(task(f"t{i}", f"t{i - 1}") for i in range(1, 10_000))]
    assert [len(chain) for chain in chains(tasks)] == [10_000]
