"""From a checked case to a program: who feeds whom, and the order of a step.

Every number of a run has a slot. A program is a list of stages; a stage is one function of the equations with, for each instance
it serves, the slots it reads and the slots it writes. Components of one type and one shape (the same links, options and
optional parameters) share their stages. Engines know stages and slots only; the order of a step is the list of stages.
"""

from __future__ import annotations

from materiel.network.build import build, renumbered
from materiel.network.passing import Counted, Passing, counted
from materiel.network.program import DT, FIRST, ZERO, Account, Program, Slots, Stage, T

__all__ = ["DT", "FIRST", "ZERO", "Account", "Counted", "Passing", "Program", "Slots", "Stage", "T", "build", "counted", "renumbered"]
