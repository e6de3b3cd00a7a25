"""What Dask workers call."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Sequence
from functools import cache

from distributed import Client, get_client, get_worker, secede
from pydantic import TypeAdapter

from twingraph_lab.events import EVENT, AnyTaskEvent, Outputs
from twingraph_lab.schedulers.group import Group, Results, run_group
from twingraph_lab.schedulers.site import Site

RESULTS: TypeAdapter[dict[str, Outputs | None]] = TypeAdapter(dict[str, Outputs | None])


@cache
def site() -> Site:
    """The site of this worker process."""
    return Site()


def run(payload: bytes, *upstream: bytes) -> bytes:
    """Run a pickled `(group, topic)`, tell what happens under the topic; the results as JSON."""
    group, topic = pickle.loads(payload)
    worker = get_worker()

    def send(run_id: str, execution: str, events: Sequence[AnyTaskEvent]) -> None:
        texts = [EVENT.dump_json(event) for event in events]
        worker.log_event(topic, (run_id, execution, texts))

    spread = _spread(get_client(), topic) if len(group.units) > 1 else None
    results = run_group(group, [RESULTS.validate_json(text) for text in upstream], site(), send, spread)
    return RESULTS.dump_json(results)


def stop(run_id: str) -> None:
    """Stop a run's bodies here."""
    site().stop(run_id)


async def warm() -> None:
    """Start the local platform's processes."""
    await asyncio.to_thread(site().platform("local").warm)


def _spread(client: Client, topic: str) -> Callable[[Sequence[Group]], Callable[[], Results]]:
    def spread(groups: Sequence[Group]) -> Callable[[], Results]:
        futures = [
            client.submit(
                run, pickle.dumps((group, topic)), key=group.id, pure=False, resources=dict(group.tasks[0].resources)
            )
            for group in groups
        ]

        def gather() -> Results:
            secede()  # this task only waits now; another may have its thread
            results: Results = {}
            for text in client.gather(futures):
                results |= RESULTS.validate_json(text)
            return results

        return gather

    return spread
