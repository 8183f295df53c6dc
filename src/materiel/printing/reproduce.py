"""What is printed of a run made again: whether it is identical, or what differs."""

from __future__ import annotations

from materiel.printing.phrases import counted
from materiel.reproduction import Part, Reproduction


def reproduced(found: Reproduction) -> str:
    """Return whether a run made again is identical, or what differs."""
    numbers = ", ".join(counted(count, kind) for kind, count in found.compared.items())
    lines = [f"{'identical' if found.identical else 'differs'}: run {found.run}, compared bit by bit: {numbers}"]
    lines += [f"  {told}" for told in found.changed]
    lines += [f"  {part.kind} {part.name}: {_apart(part)}" for part in found.differ]
    lines += [f"  made on {what} {before}, now {now}" for what, (before, now) in found.made_on.items()]
    return "\n".join(lines)


def _apart(part: Part) -> str:
    if part.what:
        return part.what
    first = "" if part.count == 1 else f", first the one at {part.first}"
    return f"{part.differ} of {counted(part.count, 'number')}, by at most {part.units:.3g} unit{'' if part.units == 1 else 's'} of the last place ({part.relative:.1g} of the value){first}"
