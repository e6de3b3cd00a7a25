"""install.py demo|dev: makes `.venv` with the locked packages for `make demo` and `make lab`, or for development.

Standard library only: it runs before anything is installed. uv does the work in seconds; where it can't, pip does it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from ast import literal_eval
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
LOCK = ROOT / "constraints" / "locked.txt"
EXTRAS = {"demo": "notebook,tables,gremlin,demo", "dev": "all,demo,dev"}
UV_SETTINGS = {"index-url": "UV_DEFAULT_INDEX", "extra-index-url": "UV_INDEX", "cert": "SSL_CERT_FILE"}
"""pip's settings that uv knows under other names; uv doesn't read pip's configuration."""


class InstallError(Exception):
    """A command failed; the message is all it printed."""


def run(*command: str | Path, env: dict[str, str] | None = None) -> str:
    log = subprocess.PIPE
    done = subprocess.run(command, check=False, cwd=ROOT, env=env, text=True, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        raise InstallError(f"{' '.join(map(str, command))}\n{done.stdout}")
    return done.stdout


def works(*command: str | Path) -> bool:
    try:
        run(*command)
    except (InstallError, OSError):
        return False
    return True


def make_environment() -> None:
    """A working `.venv`; one that is broken or too old is made anew."""
    if not works(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        run(sys.executable, "-m", "venv", "--clear", VENV)
    if not works(PYTHON, "-m", "pip", "--version"):
        run(PYTHON, "-m", "ensurepip")


def uv_environment() -> dict[str, str]:
    """The environment for uv: what the user told pip about indexes, unless uv was told itself."""
    env = dict(os.environ)
    for line in run(PYTHON, "-m", "pip", "config", "list").splitlines():
        name, _, value = line.partition("=")
        target = UV_SETTINGS.get(name.rsplit(".", 1)[-1])
        if target and value.startswith(("'", '"')):
            env.setdefault(target, " ".join(literal_eval(value).split()))
    return env


def install(packages: str) -> str:
    """Install the project, editable, with its locked dependencies; tells with which tool."""
    pip: list[str | Path] = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "-c", LOCK]
    options: list[str | Path] = ["-c", LOCK, "-e", packages]
    try:
        run(*pip, "uv")
        uv = PYTHON.with_name("uv")
        run(uv, "pip", "install", "--python", PYTHON, "--build-constraints", LOCK, *options, env=uv_environment())
    except (InstallError, OSError) as error:
        print(f"uv could not install ({str(error).strip().splitlines()[-1]}); trying pip", flush=True)
        run(*pip, "-e", packages)
        return "pip"
    return "uv"


def main(purpose: str) -> None:
    began = time.monotonic()
    print(f"installing for {purpose} into .venv", end=" … ", flush=True)
    try:
        make_environment()
        tool = install(f".[{EXTRAS[purpose]}]")
    except InstallError as error:
        sys.exit(f"failed\n{error}")
    print(f"{time.monotonic() - began:.0f} s ({tool})")
    for satisfied in EXTRAS if purpose == "dev" else (purpose,):
        (VENV / f"installed-{satisfied}").touch()


if __name__ == "__main__":
    main(sys.argv[1])
