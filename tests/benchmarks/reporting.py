"""One line for each figure, and `.bench/results.json` for all of them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parents[2] / ".bench" / "results.json"


def report(name, ours_s, baseline_s, baseline="bare Dask"):
    """Print and keep a time in seconds beside that of `baseline`, measured in the same run."""
    ratio = ours_s / baseline_s
    print(f"\n{name}: {told(ours_s)}, {baseline} {told(baseline_s)}, ratio {ratio:.2f}")
    RESULTS.parent.mkdir(exist_ok=True)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    entry = {"name": name, "ours_s": ours_s, "baseline": baseline, "baseline_s": baseline_s, "ratio": round(ratio, 3)}
    RESULTS.write_text(json.dumps([*(old for old in known if old["name"] != name), entry], indent=1) + "\n")


def told(seconds):
    """Seconds in a unit that people read.

    >>> told(0.5), told(0.00002)
    ('0.500 s', '20.0 µs')
    """
    if seconds >= 0.01:
        return f"{seconds:.3f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.1f} µs"


def cpu_s(task, *given):
    """Processor time of a call in seconds, the median of five."""
    times = []
    for _ in range(5):
        began = time.process_time()
        task(*given)
        times.append(time.process_time() - began)
    return median(times)
