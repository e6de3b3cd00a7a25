"""Where a component is called: the same text after edits elsewhere, another one for another call."""

from __future__ import annotations

import linecache
import sys
import time
from textwrap import dedent

from twingraph_lab.frontends import sites as module
from twingraph_lab.frontends.sites import call_site


def sites(text):
    """The sites that `flow` calls `site` at, from a file with this text."""
    text = dedent(text)
    file = f"<test {time.monotonic_ns()}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    names = {"site": called, "__name__": "program"}
    exec(compile(text, file, "exec"), names)
    return names["flow"]()


def called(*_, **__):
    """The site of the call of this function."""
    return module._site(sys._getframe(1))


def test_a_site_is_function_and_source_text():
    [one] = sites("def flow():\n    return [site(1, x='ü')]\n")
    assert one.call == "flow: site(1, x='ü')"
    assert one.line == 2
    assert str(one).endswith("line 2: site(1, x='ü')")


def test_layout_and_other_lines_make_no_difference():
    before = sites("def flow():\n    return site( 1,x=2 )\n")
    after = sites(
        '''
        # a comment
        other = 1

        def flow():
            """Documented."""
            unused = other
            return site(
                1,
                x=2,
            )
        '''
    )
    assert before.call == after.call == "flow: site(1, x=2)"


def test_comprehensions_and_nested_functions():
    found = sites(
        """
        def flow():
            def inner(x):
                return site(x)
            return [inner(1), *[site(x) for x in (1, 2)], (lambda: site())()]
        """
    )
    assert [each.call for each in found] == [
        "flow.<locals>.inner: site(x)",
        "flow: site(x)",
        "flow: site(x)",
        "flow.<locals>.<lambda>: site()",
    ]


def test_without_source_it_is_the_line_of_the_function():
    names = {"site": called, "__name__": "program"}
    exec(compile("\n\ndef flow():\n\n    return site()\n", "<nowhere>", "exec"), names)
    assert names["flow"]().call == "flow: line 2 of the function"


def test_the_nearest_frame_of_the_user_counts_and_is_found_quickly():
    assert call_site().call == f"{test_the_nearest_frame_of_the_user_counts_and_is_found_quickly.__name__}: call_site()"
    begun = time.perf_counter()
    for _ in range(1000):
        call_site()
    assert time.perf_counter() - begun < 0.05


def test_another_call_is_another_site():
    first, second = (sites(f"def flow():\n    return site({x})\n") for x in (1, 2))
    assert first.call != second.call
