"""TwinGraph's options: which there are, in which spellings, and what is done instead of those that aren't needed."""

from __future__ import annotations

from collections.abc import Mapping

KINDS: Mapping[str, str] = {"kubernetes_task": "kubernetes", "batch_task": "batch", "lambda_task": "lambda"}
"""TwinGraph 0.1's switches, and the platforms they stand for."""

CONFIGS: Mapping[str, str] = {
    "kube_config": "kubernetes",
    "kubernetes_config": "kubernetes",
    "batch_config": "batch",
    "lambda_config": "lambda",
    "docker_config": "docker",
}
"""Dicts of options, and the platform whose options they are. `config` is that of the platform chosen."""

SPELLINGS: Mapping[str, str] = {
    "docker_id": "image",
    "docker_image": "image",
    "jobQueue": "job_queue",
    "logGroupName": "log_group",
    "log_group_name": "log_group",
    "vCPU": "vcpus",
    "Mem": "memory",
    "numGPUs": "gpu",
    "envType": "env_type",
    "roleARN": "role_arn",
    "region_name": "region",
}
"""Other names of options."""

EVERYWHERE = (
    "timeout",
    "retry_policy",
    "cache_enabled",
    "cache_ttl",
    "labels",
    "environment",
    "resources",
    "image",
)
"""Options that any platform's dict may hold, and the decorator itself."""

OPTIONS: Mapping[str, tuple[str, ...]] = {
    "local": ("cpu", "memory", "gpu"),
    "gpu": ("devices", "cpu", "memory"),
    "docker": ("cpu", "memory", "gpu", "volumes", "network"),
    "kubernetes": ("namespace", "pull_policy", "node_selector"),
    "batch": (
        "array_size",
        "env_type",
        "gpu",
        "job_definition",
        "job_queue",
        "log_group",
        "memory",
        "region",
        "role_arn",
        "vcpus",
        "wait",
    ),
    "lambda": (
        "architecture",
        "extended_output",
        "function_name",
        "iam_role",
        "layers",
        "memory_size",
        "region",
        "runtime",
        "storage_size",
    ),
}
"""The options of each platform that TwinGraph knows, beside those of `EVERYWHERE`."""

COMPONENT = (
    *KINDS,
    *CONFIGS,
    *(name for name in EVERYWHERE if name != "image"),
    "additional_attributes",
    "auto_infer",
    "config",
    "docker_id",
    "docker_image",
    "f_py",
    "git_data",
    "git_tracking",
    "graph_config",
    "legacy_dataframes",
    "name",
    "platform",
)
"""Options of `component` and `async_component`; with `legacy_dataframes`, tables arrive as lists of rows."""

_GRAPH = (
    "graph_config: lineage is written to the Lab's own store, without a Gremlin server;"
    " ask it by `twingraph lineage`, %gremlin or Lab().g"
)
_CELERY = (
    "celery_…: there is no Celery and nothing to start; calls run in parallel on the Lab's scheduler,"
    " as many at a time as TWINGRAPH_WORKERS and TWINGRAPH_THREADS say"
)
_PLACES = "{}: not needed, every component says itself where it runs"

INSTEAD: Mapping[str, tuple[str, str]] = {
    "celery_pipeline": ("celery", _CELERY),
    "celery_concurrency_threads": ("celery", _CELERY),
    "celery_include_files": ("celery", _CELERY),
    "celery_host": ("celery", _CELERY),
    "celery_worker_name": ("celery", _CELERY),
    "celery_backend": ("celery", _CELERY),
    "celery_broker": ("celery", _CELERY),
    "celery_task_dir": ("celery", _CELERY),
    "kubernetes_pipeline": ("places", _PLACES.format("kubernetes_pipeline")),
    "batch_pipeline": ("places", _PLACES.format("batch_pipeline")),
    "lambda_pipeline": ("places", _PLACES.format("lambda_pipeline")),
    "clear_graph": (
        "clear_graph",
        "clear_graph: no lineage is dropped, as the store may be others' too; a run's own is told by its run_id",
    ),
    "multipipeline": (
        "multipipeline",
        "multipipeline: not needed, any number of pipelines may run at once and are recorded in one graph",
    ),
    "redirect_logging": (
        "redirect_logging",
        "redirect_logging: what components print and log is kept with the run; see `twingraph logs`",
    ),
    "graph_config": ("graph_config", _GRAPH),
}
"""Options that aren't needed here: the kind of warning, and what is done instead."""

PIPELINE = (*INSTEAD, "f_py", "name")
"""Options of `pipeline`."""
