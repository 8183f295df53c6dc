"""What is printed of a forecast that was frozen."""

from __future__ import annotations

from pathlib import Path

from materiel.analysis.frozen import Frozen
from materiel.printing.phrases import counted, ranged


def frozen(path: Path, said: Frozen) -> str:
    """Return what was frozen, and where."""
    made = f"made on {said.made}: a hindcast" if said.hindcast else f"made on {said.made}"
    lines = [f"{path}: {counted(len(said.questions), 'question')} of {said.case} as of {said.as_of}, {made}; {said.draws} draws, seed {said.seed}"]
    for number, one in enumerate(said.questions.values(), 1):
        low, middle, high = one.at(0.05), one.at(0.5), one.at(0.95)
        lines.append(f"{number}. {one.text} ({one.day}): {ranged(middle, (low, high), one.unit)}")
    return "\n".join([*lines, f"seal {said.seal}; commit the file or publish the seal, so that others can tell that it was there before"])
