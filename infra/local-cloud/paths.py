"""Where things are and what they are called: the project, what it builds, what a running stack leaves behind."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "template.yaml"
BUILD = ROOT / "target"
VENV = ROOT / ".venv"
LOCAL = ROOT / ".local"
LOGS = LOCAL / "logs"

STACK = "switchboard"
FUNCTIONS = sorted(folder.name for folder in (ROOT / "functions").iterdir() if (folder / "Cargo.toml").is_file())


def bootstrap(function: str) -> Path:
    """The binary that is deployed for a function."""
    return BUILD / "lambda" / function / "bootstrap"


def shown(path: Path) -> str:
    """A path as the reader of a message would type it."""
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
