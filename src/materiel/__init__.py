"""An open simulator of war economies in which every number cites its source.

`materiel.load("dprk-2023").run(draws=2000, seed=1)` gives a run with `.data`, `.questions` and `.report(path)`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from materiel.errors import CaseError, MaterielError, RunError
    from materiel.study import Run, Study, load

__version__ = "0.1.0"
__all__ = ["CaseError", "MaterielError", "Run", "RunError", "Study", "load"]

_HOMES = {"CaseError": "errors", "MaterielError": "errors", "RunError": "errors", "Run": "study", "Study": "study", "load": "study"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays fast."""
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module 'materiel' has no attribute {name!r}")
    return getattr(importlib.import_module(f"materiel.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return [*__all__, "__version__"]
