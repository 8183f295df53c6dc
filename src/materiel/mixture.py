"""Answers over all hypotheses of a case, by their prior odds: how much of the doubt is which of them is true."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from materiel import rivals
from materiel.analysis import drivers, mixing, questions, tornado
from materiel.analysis.drivers import Category, Inputs
from materiel.analysis.questions import Answer
from materiel.analysis.tornado import Tornado
from materiel.case.model import Case
from materiel.case.schema import Question
from materiel.evidence.pooling import Prior
from materiel.options import Options
from materiel.rivals import Readings

MOST_DRAWS = 2000
"""Draws of all hypotheses together: each needs runs of its own."""


@dataclass(frozen=True)
class Mixture:
    """Answers of draws each of which belongs to one hypothesis, picked by the prior odds: `which` says to which. `numbers` are the uncertain numbers that each answer hangs on."""

    case: Case
    seed: int
    which: Category
    answers: dict[str, Answer]
    inputs: Inputs = field(repr=False)
    numbers: dict[str, list[Prior]] = field(repr=False)

    def tornado(self, question: str) -> Tornado:
        """Return what moves an answer: numbers, days, whose word was listened to, and which hypothesis is true."""
        given = self.inputs.of(self.numbers[question])
        return tornado.tornado(self.case, self.answers[question], given, [*drivers.voiced(given, self.seed, self.case.ledger), self.which])


def mix(name: str | Path, more: Mapping[str, Question], options: Options, case: Case) -> Mixture | None:
    """Return the answers to what the options ask over all hypotheses of a case as they read it, from 2000 draws at most.

    Returns None if the case has no hypotheses, or is read under one of them. Raises CaseError, RunError.
    """
    if not case.hypotheses or not case.hypotheses.keys().isdisjoint(options.reading.scenario.split(",")):
        return None
    options = replace(options, draws=min(options.draws, MOST_DRAWS))
    ready = rivals.readings(name, more, options, case)
    whole = sum(one.prior for one in case.hypotheses.values())
    odds = {one: declared.prior / whole for one, declared in case.hypotheses.items()}
    which = mixing.hypothesis(odds, options.seed, options.draws)
    answers = _answers(ready, which, options.seed)
    rows = {question: mixing.said([made.numbers(made.read_in(question)) for made in ready.prepared.values()]) for question in ready.asked}
    weights = list(odds.values())
    given = mixing.inputs(list(itertools.chain(*rows.values())), weights, which.codes, options.seed)
    numbers = {question: [mixing.pooled(row, weights) for row in found] for question, found in rows.items()}
    return Mixture(case, options.seed, which, answers, given, numbers)


def _answers(ready: Readings, which: Category, seed: int) -> dict[str, Answer]:
    """Return the answers of draws each of which is run under its hypothesis alone."""
    values = {question: np.empty(len(which.codes)) for question in ready.asked}
    for code, one in enumerate(which.labels):
        chosen = np.flatnonzero(which.codes == code)
        found = ready.answers(one, rivals.drawn(seed, chosen), len(chosen)) if len(chosen) else {}
        for question, drawn in found.items():
            values[question][chosen] = drawn
    scale = ready.case.ledger.scales[0]
    return {question: questions.answer(asked, values[question], float("nan"), scale) for question, asked in ready.asked.items()}
