from __future__ import annotations

import os
import signal
import time

import psutil
import pytest

from tests.schedulers.tasks import task
from twingraph_lab.planning.context import RunContext
from twingraph_lab.platforms.base import AttemptError, Call
from twingraph_lab.platforms.hearing import LONGEST_LINE
from twingraph_lab.platforms.local import LocalPlatform
from twingraph_lab.platforms.saying import LONGEST_RECORD
from twingraph_lab.runtime.artifacts import ArtifactStore
from twingraph_lab.runtime.job import Job
from twingraph_lab.spec.workflow import PythonFunction, Source

PID = "import os\nresult = os.getpid()"


@pytest.fixture
def platform():
    platform = LocalPlatform()
    yield platform
    platform.close()


@pytest.fixture
def run(platform, tmp_path):
    store = ArtifactStore(str(tmp_path / "store"))
    logged = []

    def call(code, *, run_id="r", folder=tmp_path, **changes):
        component = code if isinstance(code, PythonFunction) else Source(code=code)
        context = RunContext(cwd=str(folder), sys_path=(str(folder),))
        job = Job(run_id, 1, {}, {str(hash(component)): component}, context, store.url)
        outputs, metrics = platform.run(
            Call(job, task("a", component=str(hash(component)), **{"outputs": ("result",), **changes}), 1),
            lambda event: logged.append((event.stream, event.level, event.text)),
        )
        call.metrics = metrics
        return store.get(outputs["result"])

    call.logged = logged
    return call


def ended(pid, within_s=5.0):
    end = time.monotonic() + within_s
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_a_process_is_reused_within_a_run(run):
    assert run(PID) == run(PID) != os.getpid()


def test_a_process_is_reused_by_other_runs_if_it_imported_nothing_of_the_users(run):
    assert run(PID, run_id="one") == run("import json\n" + PID, run_id="two") == run(PID, run_id="three")


def test_a_process_that_imported_the_users_modules_serves_no_other_run(run, tmp_path):
    (tmp_path / "mine.py").write_text("import os\ndef pid(): return os.getpid()")
    assert run(PythonFunction(ref="mine:pid"), run_id="one") != run(PID, run_id="two")


def test_a_process_that_died_is_replaced(run):
    first = run(PID)
    with pytest.raises(AttemptError) as caught:
        run("import os; os._exit(3)")
    assert caught.value.failure.kind == "crashed"
    assert run(PID) != first


def test_what_was_printed_before_a_crash_is_not_lost(run):
    with pytest.raises(AttemptError):
        run("import os; os.write(1, b'last words'); os._exit(1)")
    assert run.logged == [("stdout", "", "last words")]


def test_many_lines_arrive_whole_and_in_order(run):
    run("for i in range(20_000): print('line', i)\nresult = 0")
    text = "\n".join(text for _, _, text in run.logged)
    assert text.splitlines() == [f"line {i}" for i in range(20_000)]


def test_blank_lines_and_odd_ends_of_lines_arrive_as_they_are(run):
    run(r"import os; os.write(1, b'\none\r\n\ntwo \xe2\x80\xa8 \x0b\n \nthree')" + "\nresult = 0")
    text = "\n".join(text for _, _, text in run.logged)
    assert text == "\none\n\ntwo \u2028 \x0b\n \nthree"


def test_a_line_that_is_written_over_arrives_in_its_last_state(run):
    run("for i in range(100_000): print(f'\\r{i}%', end='')\nprint('\\rdone\\nand more')\nresult = 0")
    assert "\n".join(text for _, _, text in run.logged) == "done\nand more"


def test_a_line_without_end_arrives_in_pieces_while_it_is_written(run):
    run("import sys\nfor _ in range(300): sys.stdout.write('x' * 100_000)\nresult = 0")
    texts = [text for _, _, text in run.logged]
    assert set("".join(texts)) == {"x"}
    assert sum(map(len, texts)) == 30_000_000
    assert max(map(len, texts)) < 2 * LONGEST_LINE


def test_a_log_record_of_any_length_does_no_harm(run):
    assert run("import logging; logging.warning('x' * 20_000_000)\nresult = 1") == 1
    assert len(run.logged[-1][2]) == LONGEST_RECORD


def test_a_body_that_writes_into_what_isnt_its_own_is_stopped_and_said_to_have(run):
    code = """
import contextlib, os, time
for fd in range(3, 64):
    with contextlib.suppress(OSError):
        os.write(fd, b"\\0\\0\\0\\4what")
time.sleep(60)
"""
    begun = time.monotonic()
    with pytest.raises(AttemptError, match="wrote into a file that isn't its own") as caught:
        run(code)
    assert caught.value.failure.kind == "crashed"
    assert time.monotonic() - begun < 30
    assert run("result = 1") == 1


def test_a_body_gets_no_standard_input(run):
    assert run("import sys\nresult = sys.stdin.read()") == ""


def test_a_body_knows_its_place(run):
    code = "import os\nresult = {k: v for k, v in os.environ.items() if k.startswith('TWINGRAPH_')}"
    known = run(code, run_id="abc")
    assert known["TWINGRAPH_RUN_ID"] == "abc"
    assert known["TWINGRAPH_NODE"] == "a"
    assert known["TWINGRAPH_ATTEMPT"] == "1"
    assert known["TWINGRAPH_IDEMPOTENCY_KEY"] == "abc-a"


def test_the_working_folder_is_the_submitters(run, tmp_path):
    assert run("import os\nresult = os.getcwd()") == str(tmp_path.resolve())


def test_classes_made_in_a_cell_travel(run):
    assert type(run("class Thing: pass\nresult = Thing()")).__name__ == "Thing"


def test_bodies_end_with_the_zygote_even_if_it_is_killed(platform, run):
    pid = run(PID)
    zygote = platform._zygote._process
    os.kill(zygote.pid, signal.SIGKILL)
    assert ended(pid)
    assert run(PID) != pid  # and the platform starts over


def test_closing_ends_every_process(platform, run):
    pid = run(PID)
    zygote = platform._zygote._process.pid
    platform.close()
    assert ended(pid)
    assert ended(zygote)


def test_memory_is_that_of_the_attempt_not_of_the_process(run):
    run("block = bytearray(300_000_000)\nresult = 1\ndel block")
    assert run.metrics.peak_memory_bytes > 300_000_000
    run("result = 1")
    assert run.metrics.peak_memory_bytes < 200_000_000


@pytest.mark.parametrize(
    ("ref", "message"),
    [
        ("no_such_module:f", "No module named 'no_such_module'"),
        ("mine:nothing", "mine has no 'nothing'; it has f"),
    ],
)
def test_what_cant_be_imported_is_said(run, tmp_path, ref, message):
    (tmp_path / "mine.py").write_text("def f(): pass")
    with pytest.raises(AttemptError, match=message) as caught:
        run(PythonFunction(ref=ref))
    assert caught.value.failure.kind == "input"


@pytest.mark.parametrize(
    "code",
    [
        "import os, time\nif os.fork() == 0: time.sleep(60)\nos.kill(os.getpid(), 9)",
        "import os\nos.system('sleep 60 &')\nos._exit(3)",
    ],
)
def test_a_crash_is_noticed_though_a_child_of_the_body_lives_on(run, code):
    begun = time.monotonic()
    with pytest.raises(AttemptError) as caught:
        run(code)
    assert caught.value.failure.kind == "crashed"
    assert time.monotonic() - begun < 10


def test_a_body_that_prints_without_end_is_stopped_at_its_timeout(run):
    begun = time.monotonic()
    with pytest.raises(AttemptError) as caught:
        run("while True: print('x' * 1000)", timeout_s=0.5)
    assert caught.value.failure.kind == "timeout"
    assert time.monotonic() - begun < 5


def test_text_that_is_no_unicode_can_be_reported(run):
    with pytest.raises(AttemptError) as caught:
        run(r"import logging; logging.warning('\udcff'); raise ValueError('\udcff')")
    assert caught.value.failure.message == r"\udcff"
    assert run.logged[-1] == ("log", "WARNING", r"root: \udcff")


def test_a_bad_log_call_doesnt_fail_the_body(run):
    assert run("import logging\nlogging.getLogger('x').warning('%d', 's')\nresult = 1") == 1
