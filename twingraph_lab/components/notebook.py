"""A notebook as a node: papermill runs it in a kernel of its own, and its tagged cells hand values back."""

from __future__ import annotations

import base64
import json
import keyword
import logging
import os
import re
import shutil
import sys
import tempfile
from collections import namedtuple
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twingraph_lab.components import ipynb
from twingraph_lab.errors import Fault, MissingExtraError, SerializationError, WorkflowError
from twingraph_lab.logs import progress
from twingraph_lab.runtime.serializers import JSON, PICKLE, Notebook
from twingraph_lab.spec.component import Declaration, Slot, declared

NotebookNode = Any
"""nbformat's dict whose keys are attributes too; notebooks, cells and outputs are of this one type."""
RECORD = "application/vnd.twingraph.output+json"
"""Media type of the message that carries outputs out of the kernel: base64 of pickles by name."""
HELPS = "twingraph_helps"
"""Metadata of the cells added to hand outputs over: the id of the user's cell above."""
INJECTED = "injected-parameters"
"""papermill's tag of the cell that sets the parameters."""
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
FRAME = re.compile(r"^\s*Cell In\[\d+\], line (\d+)", re.MULTILINE)
"""Where IPython's tracebacks name a line of a cell; the first is in the cell that ran."""
MAX_SOCKET_PATH = 90
"""A unix socket's path has at most 107 bytes; Jupyter appends up to 12 to what is given."""
BACKEND = "MPLBACKEND"
IOPUB_TIMEOUT_S = 300
"""Large outputs may arrive long after their cell has ended."""

HAND_OVER = """\
def __twingraph_lab(names, shows):
    import base64, pickle
    from IPython.display import display
    try:
        import cloudpickle as pickler
    except ImportError:
        pickler = pickle
    shell = get_ipython()
    values = {{name: shell.user_ns[name] for name in names if name in shell.user_ns}}
    shown = shell.last_execution_result.result if shows else None
    if shown is not None:
        values.setdefault("result", shown)
    record = {{}}
    for name, value in values.items():
        try:
            record[name] = base64.b64encode(pickler.dumps(value, protocol=5)).decode()
        except Exception as error:
            kind = type(value).__name__
            raise TypeError(f"output {{name!r}} of type {{kind}} can't be handed over: {{error}}") from None
    display({{{record!r}: record}}, raw=True)
try:
    __twingraph_lab({names!r}, {shows!r})
finally:
    del __twingraph_lab
"""

logger = logging.getLogger(__name__)


class NotebookError(RuntimeError):
    """A cell raised, or the kernel died or didn't start. The traceback inside the kernel is a note of the exception."""


@declared(
    Declaration(
        title="Notebook",
        description="Runs a notebook by papermill, in a kernel of its own.",
        inputs={
            "path": Slot(type="string", required=True, description="The .ipynb file"),
            "kernel_name": Slot(type="string", description="Another kernel than the notebook's own"),
        },
        outputs={ipynb.EXECUTED: Slot(description="The executed notebook")},
        takes_more=True,
    )
)
def run_notebook(
    path: str,
    *,
    kernel_name: str = "",
    parameters: Mapping[str, Any] | None = None,
    optional: Sequence[str] = (),
    **inputs: Any,
) -> tuple[Any, ...]:
    """Run the notebook at `path` in a fresh kernel, in the notebook's folder; return its outputs as a named tuple.

    `inputs` are its parameters, JSON values or paths, set in a cell after the one tagged `parameters`. Those named like
    an argument here go into `parameters`; those in `optional` aren't set while they are None. Every name that a cell
    tagged `output` assigns is an output, with the value it has after that cell; so is the value that it shows last, as
    `result` unless it is a name. The executed notebook is the output `notebook`.

    Each cell that ends is progress. Raises `WorkflowError` if the file isn't a notebook, or takes no parameters and is
    given some; and `NotebookError`, which says in which cell and line, and where the notebook is kept as far as it ran.
    Outputs are unpickled here: they come from the run's own code.
    """
    document = ipynb.read(path)
    tagged = ipynb.outputs(document, source=path)
    asked = {**(parameters or {}), **inputs}
    unset = {name for name in optional if asked.get(name) is None}
    given = {name: _injectable(name, value) for name, value in asked.items() if name not in unset}
    if given and not any("parameters" in ipynb.tags(cell) for cell in document["cells"]):
        hint = "tag the cell that sets them `parameters`, with the values they have without"
        raise WorkflowError([Fault(f"takes no parameters, but got {', '.join(given)}: {hint}")], source=path)
    notebook = _prepared(document, tagged, given, kernel_name)
    cells = _Cells(notebook)
    folder = Path(tempfile.mkdtemp(prefix="twingraph-"))
    try:
        _execute(notebook, cells, folder, cwd=Path(path).resolve().parent)
        cells.check()
    except NotebookError as error:
        kept = folder / Path(path).name
        kept.write_bytes(_finished(notebook, path))
        error.args = (f"{error}; the notebook as far as it ran is {kept}",)
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    values = cells.outputs()
    values[ipynb.EXECUTED] = Notebook(_finished(notebook, path))
    return namedtuple("Outputs", values)(**values)  # noqa: PYI024  (names are known only now)


def _injectable(name: str, value: Any) -> Any:
    """The value as papermill can write it into a cell."""
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ValueError(f"input {name!r} can't be a notebook's parameter, because it isn't a Python name")
    if isinstance(value, Path):
        return str(value)
    if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0:
        value = value.item()
    if not JSON.accepts(value):
        raise TypeError(
            f"input {name!r} is of type {type(value).__name__}, but a notebook's parameters are JSON values and paths: "
            "write it to a file in an earlier node, and pass the path"
        )
    return value


def _prepared(
    document: ipynb.Document, tagged: Mapping[int, ipynb.Bound], given: Mapping[str, Any], kernel_name: str
) -> NotebookNode:
    """The notebook to run, with cells added: one sets the parameters, others hand over values of tagged cells."""
    try:
        from jupyter_client.kernelspec import find_kernel_specs  # noqa: PLC0415
        from nbformat import from_dict  # noqa: PLC0415
        from papermill.iorw import load_notebook_node  # noqa: PLC0415
        from papermill.parameterize import parameterize_notebook  # noqa: PLC0415
    except ImportError:
        raise MissingExtraError("running a notebook", "notebook") from None

    document = ipynb.without_outputs(document)
    for i in sorted(tagged, reverse=True):
        code = HAND_OVER.format(record=RECORD, names=tagged[i].names, shows=tagged[i].shows)
        helper: ipynb.Document = {
            "cell_type": "code",
            "id": f"twingraph-{i}",
            "source": code,
            "outputs": [],
            "execution_count": None,
        }
        document["cells"].insert(i + 1, {**helper, "metadata": {HELPS: document["cells"][i]["id"]}})
    notebook = load_notebook_node(from_dict(document))  # type: ignore[no-untyped-call]
    language = ipynb.language(document)
    kernel = kernel_name or notebook.metadata.get("kernelspec", {}).get("name") or "python3"
    if kernel not in (known := find_kernel_specs()):
        installed = ", ".join(sorted(known)) or "none"
        raise NotebookError(f"there is no kernel {kernel!r} here (installed: {installed}); give another kernel_name")
    notebook.metadata["kernelspec"] = {"display_name": kernel, "language": language, "name": kernel}
    return parameterize_notebook(notebook, dict(given), language=language) if given else notebook


class _Cells:
    """The user's code cells, counted from 1, while and after they run."""

    def __init__(self, notebook: NotebookNode) -> None:
        self._notebook = notebook
        ours = [cell for cell in notebook.cells if cell.cell_type == "code" and not _added(cell)]
        self._places = {cell.id: f"cell {i}/{len(ours)}" for i, cell in enumerate(ours, 1)}
        self._names = {cell.id: f"{self._places[cell.id]} ({_first_line(cell.source)})" for cell in ours}
        self._ended = 0
        self.running = ""

    def started(self, cell: NotebookNode, cell_index: int) -> None:
        """Called by nbclient before each cell."""
        del cell_index  # counts cells that people don't
        if cell.cell_type == "code":
            self.running = self._name(cell)
            if cell.id in self._names:
                logger.info("%s", self.running)
                progress(self._ended, len(self._names), _first_line(cell.source))

    def ended(self, cell: NotebookNode, cell_index: int) -> None:
        """Called by nbclient after each cell."""
        del cell_index
        if cell.id in self._names:
            self._ended += 1
            progress(self._ended, len(self._names))

    def _name(self, cell: NotebookNode) -> str:
        return self._names.get(cell.metadata.get(HELPS, cell.id), "the cell that sets the parameters")

    def check(self) -> None:
        """Raise `NotebookError` if a cell failed, or ended the notebook before outputs that come later."""
        for cell in self._notebook.cells:
            if cell.metadata.papermill.get("exception") is not True:
                continue
            error: dict[str, Any] = next((output for output in cell.outputs if output.output_type == "error"), {})
            name, message = error.get("ename", "CellExecutionError"), error.get("evalue", "")
            if name == "SystemExit" and message in {"", "0"}:  # papermill's convention: a notebook may end itself
                if all(later.execution_count for later in self._helpers()):
                    return
                raise NotebookError(f"{self._name(cell)} ended the notebook before a cell with outputs")
            trace = ANSI.sub("", "\n".join(error.get("traceback", [])))
            failure = NotebookError(f"{self._where(cell, trace)} raised {name}: {message}".removesuffix(": "))
            failure.add_note(trace)
            raise failure

    def _where(self, cell: NotebookNode, trace: str) -> str:
        """The cell, and the line of it that failed if the traceback tells."""
        frame = FRAME.search(trace)
        lines = cell.source.splitlines()
        if cell.id not in self._places or frame is None or int(frame[1]) > len(lines):
            return self._name(cell)
        return f"{self._places[cell.id]}, line {frame[1]} ({lines[int(frame[1]) - 1].strip()[:60]})"

    def outputs(self) -> dict[str, Any]:
        """The values that were handed over; a later cell's win."""
        values: dict[str, Any] = {}
        for cell in self._helpers():
            records = [output.data[RECORD] for output in cell.outputs if RECORD in output.get("data", {})]
            for name, data in (item for record in records for item in record.items()):
                try:
                    values[name] = PICKLE.decode(base64.b64decode(data))
                except SerializationError as error:
                    raise SerializationError(f"output {name!r} of {self._name(cell)}: {error}") from error
            if not any(records):
                logger.warning("%s is tagged as an output, but nothing is bound or shown there", self._name(cell))
        return values

    def _helpers(self) -> Iterator[NotebookNode]:
        return (cell for cell in self._notebook.cells if HELPS in cell.metadata)


def _added(cell: NotebookNode) -> bool:
    return HELPS in cell.metadata or INJECTED in cell.metadata.tags


def _first_line(source: str) -> str:
    return next((line.strip() for line in source.splitlines() if line.strip()), "")[:60]


def _execute(notebook: NotebookNode, cells: _Cells, folder: Path, *, cwd: Path) -> None:
    """Run all cells in place, or up to the first that fails. What they print is printed here too."""
    from nbclient.exceptions import DeadKernelError  # noqa: PLC0415
    from papermill.engines import papermill_engines  # noqa: PLC0415
    from traitlets.config import Config  # noqa: PLC0415

    kernel = notebook.metadata.kernelspec["name"]
    connection = {"connection_file": str(folder / "kernel.json")}
    if sys.platform != "win32" and len(connection["connection_file"]) <= MAX_SOCKET_PATH:
        connection["transport"] = "ipc"  # everybody on the machine could listen to TCP
    try:
        with _plots_shown():
            papermill_engines.execute_notebook_with_engine(
                None,
                notebook,
                kernel,
                progress_bar=False,
                stdout_file=sys.stdout,
                stderr_file=sys.stderr,
                iopub_timeout=IOPUB_TIMEOUT_S,
                on_cell_start=cells.started,
                on_cell_executed=lambda cell, cell_index, execute_reply: cells.ended(cell, cell_index),  # noqa: ARG005
                resources={"metadata": {"path": str(cwd)}},
                config=Config({"KernelManager": connection}),
            )
    except DeadKernelError:
        raise NotebookError(f"the kernel died in {cells.running}: killed, crashed or out of memory") from None
    except RuntimeError as error:
        failed = f"failed in {cells.running}" if cells.running else "didn't start"
        raise NotebookError(f"the kernel {kernel!r} {failed}: {error}") from error


@contextmanager
def _plots_shown() -> Iterator[None]:
    """Let the kernel choose Matplotlib's backend, which draws into the notebook; bodies themselves draw into memory."""
    drawn = os.environ.pop(BACKEND, None)
    try:
        yield
    finally:
        if drawn is not None:
            os.environ[BACKEND] = drawn


def _finished(notebook: NotebookNode, path: str) -> bytes:
    """The executed notebook without what was added to get its outputs."""
    notebook.cells = [cell for cell in notebook.cells if HELPS not in cell.metadata]
    notebook.metadata.papermill["input_path"] = path
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode()
