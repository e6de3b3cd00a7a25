"""The product in a minute: a notebook run by papermill, its lineage asked, then a run killed and resumed.

Uses what every user has: papermill, and the `twingraph` command with `--json`. Everything lands in build/demo.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "build" / "demo"
NOTEBOOK = ROOT / "notebooks" / "01_quickstart.ipynb"
SLOW = ROOT / "examples" / "02_resume" / "workflow.json"
TWINGRAPH = Path(sys.executable).with_name("twingraph")
ENVIRONMENT = {**os.environ, "TWINGRAPH_HOME": str(HERE / "store")}
MADE_OF = "g.V().has('Execution', 'node', 'figure').repeat(__.in('DEPENDS_ON')).emit().values('node').dedup()"
ENOUGH = 7
"""Begun nodes to wait for before the kill: four run at a time, so some have completed."""


def call(*command: str | Path) -> str:
    """What a command prints. Ends the demo with what it complains about, if it fails."""
    done = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr}{done.stdout}")
    return done.stdout


def twingraph(*arguments: str | Path) -> Any:
    """What `twingraph … --json` says."""
    return json.loads(call(TWINGRAPH, *arguments, "--json"))


def tell(label: str, text: str) -> None:
    print(f"   {label:<11} {text}", flush=True)


def show_notebook() -> None:
    """Run the first notebook, and say what came out and where it came from."""
    print(f"\n1. A notebook becomes a workflow: {NOTEBOOK.relative_to(ROOT)}", flush=True)
    executed = HERE / NOTEBOOK.name
    began = time.monotonic()
    options: list[str | Path] = ["--log-level", "ERROR", "--no-progress-bar", "--cwd", HERE]
    call(sys.executable, "-m", "papermill", *options, NOTEBOOK, executed)
    took_s = time.monotonic() - began
    run = twingraph("show", "last")
    found = run["outputs"]["summary"]["summary"]
    tell("ran", f"{len(run['nodes'])} nodes in {run['duration_s']:.1f} s; with Jupyter's start, {took_s:.1f} s")
    tell("notebook", str(executed.relative_to(ROOT)))
    tell("plot", str(picture_in(executed).relative_to(ROOT)))
    tell("answer", "{late:.0%} of {flights:,} flights were late, most of all {worst_weekday}s".format(**found))
    tell("", "at {worst_hour} h, with {worst_airline}, to {worst_destination}".format(**found))
    tell("lineage", f"the figure was made from {', '.join(twingraph('lineage', MADE_OF))}")


def picture_in(notebook: Path) -> Path:
    """The last picture among a notebook's outputs, written to a file beside it."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    shown = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    picture = [data["image/png"] for data in shown if "image/png" in data][-1]
    file = notebook.with_name("figure.png")
    file.write_bytes(b64decode("".join(picture)))
    return file


def show_resume() -> None:
    """Kill a run without warning, resume it, count what ran how often."""
    print(f"\n2. Killed in the middle, then resumed: {SLOW.relative_to(ROOT)}", flush=True)
    starts = HERE / "starts.txt"
    command: list[str | Path] = [TWINGRAPH, "run", SLOW, "-p", f"starts={starts}", "-p", "pause_s=2", "--quiet"]
    run_id = kill_in_the_middle(command, starts)
    nodes = twingraph("show", run_id)["nodes"]
    completed = {name for name, node in nodes.items() if node["state"] == "completed"}
    begun = started(starts)
    cut_off = sorted(begun.keys() - completed)
    tell("killed", f"{len(completed)} of {len(nodes)} nodes completed, {len(cut_off)} were running")
    began = time.monotonic()
    run = twingraph("resume", run_id)
    took_s = time.monotonic() - began
    answer = "{coldest_f} °F in month {coldest_month}, {warmest_f} °F in month {warmest_month}".format(
        **run["outputs"]["year"]
    )
    again = sorted(name for name in completed if started(starts)[name] > begun[name])
    tell("resumed", f"{run['status']} in another {took_s:.1f} s: {answer}")
    tell("ran again", f"{', '.join(cut_off) or 'nothing'} (the kill cut them off)")
    tell("", f"{', '.join(again) or 'none'} of the {len(completed)} nodes that had completed")
    if again:
        sys.exit("completed nodes ran again, which must not happen")


def kill_in_the_middle(command: list[str | Path], starts: Path) -> str:
    """Start a run, SIGKILL its process when some nodes have completed, and return the run's id."""
    devnull = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=devnull, stderr=devnull) as process:
        while process.poll() is None:
            if started(starts).total() >= ENOUGH:
                process.kill()
                return str(twingraph("show", "last")["run_id"])
            time.sleep(0.05)
    sys.exit("the run ended before it could be killed")


def started(starts: Path) -> Counter[str]:
    """How often each node's body began: it writes a line itself."""
    return Counter(starts.read_text(encoding="utf-8").splitlines() if starts.exists() else ())


if __name__ == "__main__":
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir(parents=True)
    show_notebook()
    show_resume()
    print(f"\nNext: make lab, or README.md. Ask this store with TWINGRAPH_HOME={HERE.relative_to(ROOT)}/store.")
