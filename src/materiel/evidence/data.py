"""Data files that ship with this package: scales, approximations, rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent
"""Where they stand."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times faster, where it was built


def names(folder: str) -> tuple[str, ...]:
    """Return the names of the YAML files of a folder, sorted."""
    return tuple(sorted(path.stem for path in (FOLDER / folder).glob("*.yaml")))


def load(text: str) -> Any:
    """Return what the text of a data file says. Raises yaml.YAMLError."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe one


def read(name: str) -> Any:
    """Return what a data file says, given its name without the ending."""
    return load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
