"""What can go wrong, as one small tree.

MaterielError
├── CaseError        a case has problems: all of them, each with its place
└── RunError         a run cannot go on: a law is broken, a request cannot be met

A mistake of a user never shows a stack trace: the command line prints these errors and exits with 1.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """Where something was read: file, line and column, both counted from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """Give the place as `file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Problem:
    """One problem: where it is, what was read, what is allowed, and the nearest valid name if there is one."""

    place: Place
    found: str
    allowed: str = ""
    nearest: str = ""

    def __str__(self) -> str:
        """Give the problem in one line: `file:line:column: found; allowed; did you mean ...`."""
        parts = [self.found, self.allowed, f"did you mean {self.nearest!r}?" if self.nearest else ""]
        return f"{self.place}: " + "; ".join(part for part in parts if part)


class MaterielError(Exception):
    """Root of all errors that a user can cause."""


class CaseError(MaterielError):
    """A case that cannot be used; `problems` holds every problem found, in reading order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep the problems sorted by place, each once."""
        self.problems: list[Problem] = sorted(set(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RunError(MaterielError):
    """A run that cannot go on, said in one sentence."""


def nearest(name: str, names: Sequence[str]) -> str:
    """Return the name most like `name` among `names`, or an empty string when none is close.

    A name that differs only by its ending or by a part of a path counts as close.
    """
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return close[0] if close else ""
