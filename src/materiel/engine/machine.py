"""What a run was made on, as far as it can matter to a number: packages, the program itself, the instruction set."""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.metadata
import platform
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "llvmlite")
"""Packages that numbers pass through."""

_SETS = {"avx512f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "sse2": "SSE2", "sve": "SVE", "neon": "NEON"}


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers pass through, by name."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def instructions() -> str:
    """Return the name of the widest instruction set of this machine, as the compiler sees it."""
    binding: Any = importlib.import_module("llvmlite.binding")  # it has no types
    features = binding.get_host_cpu_features()
    return next((name for flag, name in _SETS.items() if features.get(flag)), "no vectors")


@functools.cache
def program() -> str:
    """Return a digest of this program, its source and its tables: another may make other numbers under the same version."""
    root = Path(__file__).parents[1]
    hashed = hashlib.sha256()
    files = [path for path in root.rglob("*.*") if path.suffix in (".py", ".yaml") and path.relative_to(root).parts[0] != "cases"]
    for path in sorted(files, key=lambda path: path.relative_to(root).parts):
        hashed.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return hashed.hexdigest()
