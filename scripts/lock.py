"""lock.py: resolve every extra of pyproject.toml into constraints/locked.txt, for all platforms and Python versions.

`lock.py --check` resolves nothing: it says whether the lock names no registry and covers what pyproject.toml asks for.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "constraints" / "locked.txt"
INSTALLERS = ["uv", "setuptools", "editables"]
"""Needed to install, asked for by no extra: the installer, and what building a package from source takes."""


def wanted(pyproject: str) -> list[Requirement]:
    """What pyproject.toml asks for: to build, to run, and in every extra."""
    content = tomllib.loads(pyproject)
    project = content["project"]
    lines = [
        *content["build-system"]["requires"],
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
        *INSTALLERS,
    ]
    return [requirement for requirement in map(Requirement, lines) if requirement.name != project["name"]]


def faults(lock: str, pyproject: str) -> list[str]:
    """Everything wrong with a lock: lines that aren't `name==version ; marker`, packages missing or out of range."""
    found = []
    locked: dict[str, list[Version]] = {}
    for line in lock.splitlines():
        if line.startswith("#"):
            continue
        try:
            package = Requirement(line)
        except InvalidRequirement:
            package = None
        if package and len(package.specifier) == 1 and (pin := str(package.specifier)).startswith("=="):
            locked.setdefault(canonicalize_name(package.name), []).append(Version(pin.removeprefix("==")))
        else:
            found.append(f"not a pinned package: {line}")
    for requirement in wanted(pyproject):
        versions = locked.get(canonicalize_name(requirement.name), [])
        if not versions:
            found.append(f"not locked: {requirement}")
        found += [f"locked at {v}: {requirement}" for v in versions if not requirement.specifier.contains(v)]
    return found


def resolve() -> None:
    """Let uv write the lock; versions already in it stay where they still fit."""
    options = "--universal --all-extras --no-header --no-annotate --no-emit-index-url --python-version 3.11 --quiet"
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    subprocess.run(
        ["uv", "pip", "compile", *options.split(), "pyproject.toml", "-", "-o", LOCK],
        cwd=ROOT,
        input="\n".join([*INSTALLERS, *build]),
        text=True,
        check=True,
    )


if __name__ == "__main__":
    if sys.argv[1:] != ["--check"]:
        resolve()
    if problems := faults(LOCK.read_text(), (ROOT / "pyproject.toml").read_text()):
        sys.exit("\n".join(["constraints/locked.txt is stale, run `make lock`:", *problems]))
