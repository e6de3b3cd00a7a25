"""A process that runs a workflow until it is killed: `python -m tests.faults.victim HOME SCHEDULER JOURNAL`."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.workflows import cell, workflow
from twingraph_lab.lab import Lab
from twingraph_lab.settings import Settings

BODY = """
import os, time
def note(what):
    with open(journal, "a") as file: file.write(f"{what} {node}\\n")
node = os.environ["TWINGRAPH_NODE"]
note("start")
time.sleep(pause)
note("end")
result = time.time_ns()
"""


def layers(journal, *, width=4, depth=3, pause=0.03):
    """Nodes that write down when they start and end; each waits for the whole layer above."""
    nodes = []
    above = []
    for level in range(depth):
        names = [f"n{level}{place}" for place in range(width)]
        inputs = {"journal": str(journal), "pause": pause, "above": [{"ref": name} for name in above]}
        nodes += [cell(name, BODY, inputs=inputs) for name in names]
        above = names
    return workflow(*nodes, name="victim")


if __name__ == "__main__":
    home, scheduler, journal = sys.argv[1:4]
    pause = float(sys.argv[4]) if len(sys.argv) > 4 else 0.03
    with Lab(Settings(home=Path(home), scheduler=scheduler, workers=2, threads=2)) as lab:
        run = lab.submit(layers(journal, pause=pause), idempotency_key="victim")
        run.wait()
