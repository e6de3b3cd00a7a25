"""Commands on documents, which need no store: plan, validate, export."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer
import yaml
from rich.text import Text

from twingraph_lab.cli import parameters
from twingraph_lab.cli.history import find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import console, note, print_json, print_rows
from twingraph_lab.errors import NotFoundError, TwinGraphError, WorkflowError
from twingraph_lab.frontends.display import counted
from twingraph_lab.planning.plan import Plan
from twingraph_lab.planning.plan import plan as plan_of
from twingraph_lab.spec.document import dump, load
from twingraph_lab.spec.schema import json_schema

if TYPE_CHECKING:
    from twingraph_lab.planning.plan import Task
    from twingraph_lab.spec.workflow import Component, Workflow

SCRIPT, NOTEBOOK = ".py", ".ipynb"


def workflow_in(file: Path) -> Workflow:
    """The workflow that a file holds. Raises `WorkflowError` with every fault; a script is a usage error."""
    if file.suffix == SCRIPT:
        raise typer.BadParameter(f"{file} is a script: its workflow is known only when it runs", param_hint="FILE")
    if file.suffix == NOTEBOOK:
        from twingraph_lab.frontends.notebook import workflow_of  # noqa: PLC0415  (needs an extra)

        return workflow_of(file)
    return load(file, source=str(file))


def plan(options: Options, file: Path, *, given: Sequence[str], params: Path | None, as_json: bool) -> None:
    """Print the tasks of a workflow by level, with what they wait for."""
    del options  # a plan needs no store
    workflow = workflow_in(file)
    planned = plan_of(workflow, parameters.read(workflow, given, params))
    levels = levels_of(planned)
    if as_json:
        print_json(_plan_report(planned, levels))
        return
    out = console()
    out.print(
        Text.assemble(
            (workflow.name, "bold"),
            ": ",
            counted(len(planned.tasks), "node"),
            " in ",
            counted(max(levels.values(), default=0), "level"),
        )
    )
    for name, value in planned.parameters.items():
        out.print(Text(f"  {name} = {json.dumps(value, ensure_ascii=False)}", style="dim"), soft_wrap=True)
    print_rows(
        ["level", "node", "platform", "component", "waits for"],
        [
            [
                str(levels[task.id]),
                task.id,
                task.platform.kind,
                _component_name(planned, task),
                ", ".join(task.upstream),
            ]
            for task in sorted(planned.tasks.values(), key=lambda task: levels[task.id])
        ],
        right=["level"],
    )


def levels_of(planned: Plan) -> dict[str, int]:
    """Each task's level: 1 without parents, else one more than the highest of its parents."""
    levels: dict[str, int] = {}
    for task in planned.tasks.values():  # in topological order
        levels[task.id] = 1 + max((levels[parent] for parent in task.upstream), default=0)
    return levels


def validate(options: Options, files: Sequence[Path], *, as_json: bool) -> None:
    """Check each file; exit code 2 if one is invalid."""
    del options  # a document needs no store
    reports = [_validity(file) for file in files]
    if as_json:
        print_json(reports)
    else:
        out = console()
        for report in reports:
            symbol, style = ("✓", "green") if report["valid"] else ("✗", "bold red")
            out.print(Text.assemble((symbol, style), f" {report['message']}"), soft_wrap=True)
    if not all(report["valid"] for report in reports):
        raise typer.Exit(WorkflowError.exit_code)


def export(
    options: Options, what: str, *, output: Path | None, form: Literal["json", "yaml"] | None, schema: bool
) -> None:
    """Write a document, or the schema of documents, to a file or stdout."""
    if schema == bool(what):
        raise typer.BadParameter("give a run, a file or --schema", param_hint="RUN|FILE")
    text = json.dumps(json_schema(), indent=2) + "\n" if schema else dump(_workflow_named(options, what))
    if form is None:
        form = "yaml" if output is not None and output.suffix in parameters.YAML else "json"
    if form == "yaml":
        text = yaml.safe_dump(json.loads(text), sort_keys=False, allow_unicode=True, width=120)
    if output is None:
        sys.stdout.write(text)
        return
    output.write_text(text, encoding="utf-8")
    note(f"wrote {output}")


def _workflow_named(options: Options, what: str) -> Workflow:
    file = Path(what)
    if file.is_file():
        return workflow_in(file)
    try:
        with options.lab() as lab:
            return find(lab, what).workflow
    except NotFoundError as error:
        raise NotFoundError(f"no file {what!r}, and {error}") from None


def _validity(file: Path) -> dict[str, object]:
    try:
        workflow = workflow_in(file)
    except WorkflowError as error:
        faults = [{"message": fault.message, "node": fault.node, "path": fault.path} for fault in error.faults]
        return {"file": str(file), "valid": False, "message": str(error), "faults": faults}
    except TwinGraphError as error:
        return {"file": str(file), "valid": False, "message": f"{file}: {error}", "faults": [{"message": str(error)}]}
    message = f"{file}: {workflow.name}, {counted(len(workflow.nodes), 'node')}"
    return {"file": str(file), "valid": True, "message": message, "faults": []}


def _plan_report(planned: Plan, levels: dict[str, int]) -> dict[str, object]:
    tasks = planned.tasks.values()
    return {
        "workflow": planned.workflow.name,
        "digest": planned.workflow.digest,
        "parameters": dict(planned.parameters),
        "tasks": [
            {
                "id": task.id,
                "level": levels[task.id],
                "component": _component_name(planned, task),
                "platform": task.platform.model_dump(mode="json"),
                "upstream": list(task.upstream),
                "outputs": list(task.outputs),
                "attempts": task.retry.attempts,
                "timeout_s": task.timeout_s,
                "cache": task.cache.mode,
                "resources": dict(task.resources),
            }
            for task in tasks
        ],
        "edges": [[parent, task.id] for task in tasks for parent in task.upstream],
    }


def _component_name(planned: Plan, task: Task) -> str:
    return component_name(planned.components[task.component])


def component_name(component: Component) -> str:
    """What a person calls a component."""
    match component.kind:
        case "python":
            return component.ref
        case "source":
            return f"{component.language} in {component.filename}"
        case _:
            return component.name
