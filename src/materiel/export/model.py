"""A case in one branch with one set of numbers, flat: what is written for other tools."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from materiel import network, proof
from materiel.analysis import questions
from materiel.analysis.questions import Asked, Branch
from materiel.case.model import Case
from materiel.engine.draws import Sampler
from materiel.evidence.pooling import Prior
from materiel.export.flat import Flat, flatten
from materiel.network import Program

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """A flat model and where it comes from: the case, the branch that answers the questions `asked`, the draw (None for all medians) and the seed.

    `steps` is the number of periods to the end of the case.
    """

    case: Case
    branch: Branch
    asked: dict[str, Asked]
    program: Program
    draw: int | None
    seed: int
    steps: int
    flat: Flat


def model(case: Case, draw: int | None = None, seed: int = 1, branch: Branch | None = None) -> Model:
    """Return a case as a flat model, with a gauge for every question that its branch answers; a branch of a scenario needs the case read in it.

    The numbers are those of one draw of a run, bit for bit, or all medians. Raises CaseError.
    """
    branch = branch or Branch()
    asked, program = network_of(case, branch)
    proof.prove(program)
    values = numbers([prior for _, prior in program.priors], draw, seed)
    for i, (_, prior) in enumerate(program.priors):
        values[i] = branch.fixed.get(prior.path, values[i])
    steps = int(np.ceil(case.day(case.end) / case.step - 1e-9))
    return Model(case, branch, asked, program, draw, seed, steps, flatten(program, values.tolist(), case.step))


def network_of(case: Case, branch: Branch) -> tuple[dict[str, Asked], Program]:
    """Return the questions of a case that a branch answers from gauges, and its program with these gauges. Raises CaseError."""
    asked = {name: one for name, one in questions.prepare(case).items() if one.gauge is not None and one.branch == branch}
    return asked, network.build(case, [one.gauge for one in asked.values() if one.gauge is not None])


def numbers(priors: list[Prior], draw: int | None, seed: int) -> Array:
    """Return one number per prior, shape (priors,): those of a draw, or the medians. A share of a mix is the share of medians."""
    if draw is not None:
        return Sampler(priors).draw(seed, draw, 1)[:, 0]
    return np.array([_median(prior) for prior in priors])


def _median(prior: Prior) -> float:
    if not prior.mix:
        return float(prior.percentiles([50])[0])
    weights = [_median(weight) for weight in prior.mix]
    return weights[prior.index] / sum(weights)
