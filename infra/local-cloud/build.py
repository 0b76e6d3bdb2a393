"""Builds the functions and the provider sandbox with the quick profile and lays them out for `sam deploy`."""

import shutil
import subprocess
from pathlib import Path

from paths import BUILD, FUNCTIONS, LOCAL, ROOT, bootstrap, shown
from say import Stop, step

SANDBOX = BUILD / "debug" / "provider-sandbox"
BUILD_GB = 4.0


def build() -> None:
    check_tools()
    check_disk()
    packages = [word for name in [*FUNCTIONS, "provider-sandbox"] for word in ("--package", name)]
    with step("Building the functions and the provider sandbox (minutes the first time)"):
        command = ["cargo", "build", "--target-dir", str(BUILD), *packages]
        if subprocess.run(command, cwd=ROOT).returncode != 0:
            raise Stop("The build failed; the compiler says why above. Mend it, then run it again.")
        for name in FUNCTIONS:
            lay_out(name)


def lay_out(name: str) -> None:
    """Puts a stripped copy where the template looks for it, unless this build's copy is there already."""
    built, placed, note = BUILD / "debug" / name, bootstrap(name), LOCAL / "laid-out" / name
    if note.is_file() and note.read_text() == stamps(built, placed):
        return
    placed.parent.mkdir(parents=True, exist_ok=True)
    strip = shutil.which("strip")
    if strip is None or subprocess.run([strip, "-o", str(placed), str(built)]).returncode != 0:
        shutil.copyfile(built, placed)
    placed.chmod(0o755)
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(stamps(built, placed))


def stamps(*files: Path) -> str:
    return "\n".join(f"{file.stat().st_size} {file.stat().st_mtime_ns}" for file in files if file.is_file())


def check_tools() -> None:
    if shutil.which("cargo") is None:
        raise Stop("cargo is missing: install Rust (https://rustup.rs), open a new shell, then run it again.")
    if not any(shutil.which(compiler) for compiler in ("cc", "gcc", "clang")):
        raise Stop(
            "A C compiler is missing: install gcc or clang (package build-essential on Debian), then run it again."
        )


def check_disk() -> None:
    free = shutil.disk_usage(ROOT).free / 1e9
    if not SANDBOX.is_file() and free < BUILD_GB:
        raise Stop(f"The build needs about {BUILD_GB:.0f} GB and {free:.1f} GB are free: make room, then run it again.")
    if free < 0.5:
        raise Stop(f"Only {free:.1f} GB of disk are free in {shown(ROOT)}: make room, then run it again.")
