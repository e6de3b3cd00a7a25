"""extension.py: build the JupyterLab extension if its sources changed, and link it into this Python's environment.

Without Node nothing is built, and that is said: everything but the canvas in JupyterLab works.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "extension"
BUILT = ROOT / "twingraph_lab" / "labextension"
STAMP = BUILT / "sources.sha256"
NAME = "twingraph-lab"
NODE_MAJOR = 20


class BuildError(Exception):
    """The extension can't be built; the message says why."""


def fingerprint() -> str:
    """`sha256` of everything the build reads, whatever its times."""
    found = hashlib.sha256()
    files = [SOURCES / name for name in ("package.json", "yarn.lock", "tsconfig.json", ".yarnrc.yml")]
    files += sorted(path for part in ("src", "style", "schema") for path in (SOURCES / part).rglob("*"))
    for path in filter(Path.is_file, files):
        found.update(f"{path.relative_to(SOURCES).as_posix()}\n".encode() + path.read_bytes())
    return found.hexdigest()


def is_built() -> bool:
    """Whether what is there was built from the sources as they are."""
    return STAMP.is_file() and STAMP.read_text() == fingerprint()


def build() -> None:
    """Install what the build needs, as locked, and build. Raises `BuildError`."""
    if not has_node():
        raise BuildError(f"building the JupyterLab extension takes Node {NODE_MAJOR} or newer")
    jlpm = [sys.executable, "-c", "from jupyter_builder.jlpm import main; main()"]  # its script may not be on PATH
    shutil.rmtree(BUILT, ignore_errors=True)
    shutil.rmtree(SOURCES / "lib", ignore_errors=True)
    for step in (["install", "--immutable"], ["build:prod"]):
        done = subprocess.run(
            [*jlpm, *step], cwd=SOURCES, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode:
            raise BuildError(f"jlpm {' '.join(step)} failed\n{done.stdout}")
    STAMP.write_text(fingerprint())


def has_node() -> bool:
    """Whether there is a Node that is new enough."""
    node = shutil.which("node")
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout if node else ""
    return bool(version) and int(version.strip().lstrip("v").partition(".")[0]) >= NODE_MAJOR


def link() -> None:
    """Let JupyterLab of this environment find what is built here."""
    place = Path(sys.prefix) / "share" / "jupyter" / "labextensions" / NAME
    if place.is_symlink() and place.resolve() == BUILT:
        return
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(BUILT, target_is_directory=True)


def main() -> None:
    if not has_node():
        print(f"the JupyterLab extension isn't built: it takes Node {NODE_MAJOR} or newer; all but the canvas works")
        return
    if not is_built():
        began = time.monotonic()
        print("building the JupyterLab extension", end=" … ", flush=True)
        try:
            build()
        except BuildError as error:
            sys.exit(f"failed\n{error}")
        print(f"{time.monotonic() - began:.0f} s")
    link()


if __name__ == "__main__":
    main()
