"""Commands on documents, which need no store: plan and validate."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.text import Text

from twingraph_lab.cli import parameters
from twingraph_lab.cli.history import find
from twingraph_lab.cli.options import Options
from twingraph_lab.cli.output import console, note, print_json, print_rows
from twingraph_lab.errors import TwinGraphError, WorkflowError
from twingraph_lab.frontends.checks import checked, source_faults
from twingraph_lab.frontends.display import counted, printable
from twingraph_lab.frontends.earlier import select
from twingraph_lab.frontends.outlook import Outlook, node_as_json, outlook, span_as_json, steps_of
from twingraph_lab.frontends.partial import Selection
from twingraph_lab.frontends.reason_views import span_text, summary_text
from twingraph_lab.planning.context import RunContext
from twingraph_lab.planning.plan import Plan
from twingraph_lab.spec.document import load

if TYPE_CHECKING:
    from twingraph_lab.lab import Lab
    from twingraph_lab.planning.plan import Task
    from twingraph_lab.spec.workflow import Component, Workflow

SCRIPT, NOTEBOOK = ".py", ".ipynb"
Selected = tuple[tuple[str, ...], tuple[str, ...], str, bool]
"""What `--from`, `--only`, `--of` and `--force` say."""


def workflow_in(file: Path) -> Workflow:
    """The workflow that a file holds. Raises `WorkflowError` with every fault; a script is a usage error."""
    if file.suffix == SCRIPT:
        raise typer.BadParameter(f"{file} is a script: its workflow is known only when it runs", param_hint="FILE")
    if file.suffix == NOTEBOOK:
        from twingraph_lab.frontends.notebook import workflow_of  # noqa: PLC0415  (needs an extra)

        return workflow_of(file)
    return load(file, source=str(file))


def context_of(file: Path) -> RunContext:
    """Where the bodies of a file's nodes find their modules: beside it, and here."""
    return RunContext.here(source=str(file), extra_path=(str(file.parent.absolute()), "."))


def selection_of(lab: Lab | None, selected: Selected) -> Selection:
    """The nodes chosen by options."""
    start, only, of, force = selected
    return Selection(start, only, find(lab, of).id if lab and of else of, force)


def plan(
    options: Options, file: Path, *, given: Sequence[str], params: Path | None, selected: Selected, as_json: bool
) -> None:
    """Print the tasks of a workflow by level, with what will happen to them. Makes no store where there is none."""
    workflow = workflow_in(file)
    values = parameters.read(workflow, given, params)
    with options.lab() if has_store(options) else nullcontext() as lab:
        selection = selection_of(lab, selected)
        made = select(lab, workflow, values, selection)
        context = selection.over(context_of(file))
        context = lab.located(context) if lab else context
        planned = checked(made.workflow, made.parameters, context, made.reuse)
        seen = outlook(lab, planned, context, made.reuse)
    if as_json:
        print_json({**_plan_report(planned, seen), "notes": list(made.notes)})
        return
    for text in made.notes:
        note(text)
    _print_plan(planned, seen)


def has_store(options: Options) -> bool:
    """Whether there is something to remember."""
    from twingraph_lab.lab import has_store  # noqa: PLC0415  (slow, and not needed for help)

    return has_store(options.settings())


def _print_plan(planned: Plan, seen: Outlook) -> None:
    out, levels = console(), steps_of(planned)
    out.print(
        Text.assemble(
            (planned.workflow.name, "bold"),
            ": ",
            counted(len(planned.tasks), "node"),
            " in ",
            counted(max(levels.values(), default=0), "level"),
        )
    )
    if planned.workflow.description:
        out.print(Text(f"  {printable(planned.workflow.description)}", style="dim"), soft_wrap=True)
    for name, value in planned.parameters.items():
        out.print(Text(f"  {name} = {json.dumps(value, ensure_ascii=False)}", style="dim"), soft_wrap=True)
    elsewhere = any(task.platform.kind != "local" for task in planned.tasks.values())
    print_rows(
        ["level", "node", "platform", "component", "waits for", "time", "what will happen"],
        [
            [
                str(levels[task.id]),
                task.id,
                task.platform.kind if elsewhere else "",
                _component_name(planned, task),
                ", ".join(task.upstream),
                span_text(seen.nodes[task.id].span),
                printable(seen.nodes[task.id].text),
            ]
            for task in sorted(planned.tasks.values(), key=lambda task: levels[task.id])
        ],
        right=["level"],
        wrap=True,
    )
    if planned.tasks:
        out.print(Text(summary_text(seen)), soft_wrap=True)


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


def _validity(file: Path) -> dict[str, object]:
    try:
        workflow = workflow_in(file)
        if found := source_faults(workflow, context_of(file)):
            raise WorkflowError(found, source=str(file))  # noqa: TRY301
    except WorkflowError as error:
        faults = [{"message": fault.message, "node": fault.node, "path": fault.path} for fault in error.faults]
        return {"file": str(file), "valid": False, "message": str(error), "faults": faults}
    except TwinGraphError as error:
        return {"file": str(file), "valid": False, "message": f"{file}: {error}", "faults": [{"message": str(error)}]}
    message = f"{file}: {workflow.name}, {counted(len(workflow.nodes), 'node')}"
    return {"file": str(file), "valid": True, "message": message, "faults": []}


def _plan_report(planned: Plan, seen: Outlook) -> dict[str, object]:
    tasks, levels = planned.tasks.values(), steps_of(planned)
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
                "outlook": node_as_json(seen.nodes[task.id]),
            }
            for task in tasks
        ],
        "edges": [[parent, task.id] for task in tasks for parent in task.upstream],
        "outlook": {
            "counts": dict(seen.counts),
            "time": span_as_json(seen.span),
            "slots": seen.slots,
            "without_history": list(seen.unknown),
        },
    }


def _component_name(planned: Plan, task: Task) -> str:
    return component_name(planned.components[task.component])


def component_name(component: Component) -> str:
    """What a person calls a component."""
    match component.kind:
        case "python":
            return component.ref
        case "source":
            known = not component.filename.startswith("<")
            return f"{component.language} in {component.filename}" if known else component.language
        case _:
            return component.name
