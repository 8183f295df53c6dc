"""Rival hypotheses of a case weighed by what was seen: what `materiel weigh` and Python users call."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from materiel import portable, preparation, rivals
from materiel.analysis import analysts, hypotheses, observables, odds, questions
from materiel.analysis.aiming import Aim
from materiel.analysis.likelihood import log_likelihoods
from materiel.analysis.odds import Thirds
from materiel.analysis.tempering import temper
from materiel.case.model import Case
from materiel.case.schema import Question
from materiel.engine.draws import Sampler, Uniform, uniforms
from materiel.errors import CaseError, Problem, RunError
from materiel.options import Options, Reading
from materiel.rivals import Rivals
from materiel.weighed import Rival, Weighed

Array = npt.NDArray[np.float64]

ANSWERED_BEFORE, ANSWERED_AFTER = 1000, 2000
"""Draws of a hypothesis from which answers are read: the first ones before, a sample of those that count after."""


def read(name: str | Path, more: Mapping[str, Question], case: Case, reading: Reading) -> dict[str, Case]:
    """Return a case that is sound in itself under each of its hypotheses. Raises CaseError with every problem of its hypotheses and observables."""
    found: list[Problem] = []
    readings: dict[str, Case] = {}
    for hypothesis in case.hypotheses:
        try:
            readings[hypothesis] = preparation.read(name, more, reading.under(hypothesis), case)
            questions.prepare(readings[hypothesis])
        except CaseError as error:
            found += error.problems
    checks = [functools.partial(analysts.prepare, case), *(functools.partial(observables.prepare, one) for one in readings.values() or [case])]
    for check in checks:
        try:
            check()
        except CaseError as error:
            found += error.problems
    if found := found or hypotheses.problems(case, readings):
        raise CaseError(found)
    return readings


def weigh(name: str | Path, more: Mapping[str, Question], options: Options, report: Callable[[int, int], None]) -> Weighed:
    """Return the hypotheses of a case weighed by what was seen; `report` is told how many hypotheses of how many are done. Raises CaseError, RunError."""
    began = time.perf_counter()
    options.check()
    case = preparation.read(name, more, options.reading)
    if not case.hypotheses:
        raise RunError(f"{case.name} has no hypotheses to weigh; it would name them in hypotheses.yaml")
    readings = read(name, more, case, options.reading)
    keys = tuple(question for question, one in case.questions.items() if one.key)
    options = replace(options, only=options.only or keys or tuple(case.questions)[:1])
    ready = rivals.prepare(name, more, options, case, readings)
    prepared = time.perf_counter()
    expected = ready.expected(lambda stream: uniforms(options.seed, stream, 0, options.draws), options.draws)
    _possible(ready, expected)
    with ThreadPoolExecutor(ready.evidence.settings.workers) as pool:
        logs = dict(zip(ready.names, pool.map(functools.partial(_logs, ready), expected.values()), strict=True))
    weighed = time.perf_counter()
    made: dict[str, Rival] = {}

    def rival(name: str) -> Rival:
        return _rival(ready, options, name, expected[name], logs[name])

    with ThreadPoolExecutor(ready.evidence.settings.workers) as pool:
        for i, found in enumerate(pool.map(rival, ready.names)):
            made[found.name] = found
            report(i + 1, len(ready.names))
    seconds = {"prepare": prepared - began, "weigh": weighed - prepared, "answers": time.perf_counter() - weighed}
    whole = sum(one.prior for one in case.hypotheses.values())
    stated = {one: declared.prior / whole for one, declared in case.hypotheses.items()}
    watched = next(iter(ready.prepared.values())).watched
    tied = {one.series for one in case.observables.values()}
    doubled = {
        number: cited for one in ready.names for number, cited in observables.doubled(ready.numbers(one), ready.prepared[one].case, ready.sightings).items()
    }
    return Weighed(
        case, options, ready, stated, stated, made, sum(case.series.get(series, 0) for series in tied), watched.unheard if watched else 0, doubled,
        {stage: round(value, 3) for stage, value in seconds.items()},
    )  # fmt: skip


def _possible(ready: Rivals, expected: Mapping[str, Array]) -> None:
    """Refuse an observation that no run of a hypothesis can bring forth: it would decide all. Raises RunError."""
    for i, one in enumerate(ready.sightings):
        for name, values in expected.items():
            if one.term.seen > 0 and not one.term.bound and not (values[i] > 0).any():
                place = one.rows[0].places["quantity"] if one.rows else ""
                raise RunError(f"{place}: no run of {name!r} expects any of this, so that one observation would decide all; an indicator with a background would not rule it out")  # fmt: skip


def _logs(ready: Rivals, expected: Array) -> dict[str, Array]:
    """Return the log-likelihood of every draw, of everything seen (under the empty name) and of it without each origin."""
    return log_likelihoods([one.term for one in ready.sightings], expected, _parts(ready))


def _parts(ready: Rivals) -> dict[str, list[int]]:
    """Return the positions of everything seen, under the empty name, and of it without each origin."""
    seen = list(enumerate(ready.sightings))
    return {"": [i for i, _ in seen]} | {one.origin: [i for i, other in seen if other.origin != one.origin] for _, one in seen}


def _rival(ready: Rivals, options: Options, name: str, expected: Array, logs: Mapping[str, Array]) -> Rival:
    """Return one hypothesis with its evidence and its answers; where too few draws come near what was seen, more are aimed there, and last draws are moved there."""
    evidence = {origin: odds.reweighted(one) for origin, one in logs.items()}
    aim = None if all(one.sound for one in evidence.values()) else _aimed(ready, options, name, expected, logs)
    if aim is not None:
        evidence = {origin: one if one.sound else aim.evidence(origin) for origin, one in evidence.items()}
    moved = {origin: temper(ready.likelihood(name, options.seed, _parts(ready)[origin]), len(ready.coordinates), options.seed) for origin, one in evidence.items() if not one.sound and _parts(ready)[origin]}  # fmt: skip
    evidence |= {origin: one.evidence for origin, one in moved.items()}
    if "" in moved:
        scores, counts = np.unique(moved[""].scores, axis=1, return_counts=True)
        after, weights = rivals.placed(ready.coordinates, scores, options.seed), counts / counts.sum()
        left = ready.at(scores, options.seed, [name])[name]
    elif aim is not None and evidence[""].method == "aiming":
        picked, weights = _picked(aim.weights(""))
        after, left = rivals.placed(ready.coordinates, aim.scores[:, picked], options.seed), aim.expected[:, picked]
    else:
        picked, weights = _picked(logs[""])
        after, left = rivals.drawn(options.seed, picked), expected[:, picked]
    before = rivals.drawn(options.seed, np.arange(min(options.draws, ANSWERED_BEFORE)))
    everything = rivals.drawn(options.seed, np.arange(options.draws))
    return Rival(
        name, expected, logs[""], left, evidence[""], {origin: one for origin, one in evidence.items() if origin},
        ready.answers(name, before, min(options.draws, ANSWERED_BEFORE)), ready.answers(name, after, len(weights)), weights,
        _thirds(ready, name, everything, after, options.draws, weights),
        0 if aim is None else len(aim.logs[""]) - options.draws, moved[""].steps if "" in moved else 0, after,
    )  # fmt: skip


def _aimed(ready: Rivals, options: Options, name: str, expected: Array, logs: Mapping[str, Array]) -> Aim:
    """Return the draws of a hypothesis and as many more as it takes near what was seen."""
    scores = np.array([portable.normal_quantile(uniforms(options.seed, stream, 0, options.draws)) for stream in ready.coordinates])

    def seen(at: Array) -> tuple[Array, Mapping[str, Array]]:
        more = ready.at(at, options.seed, [name])[name]
        return more, _logs(ready, more)

    aim = Aim(scores, expected, logs)
    aim.take(seen, options.seed)
    return aim


def _picked(logs: Array) -> tuple[npt.NDArray[np.int64], Array]:
    """Return draws that stand for all of them by their weights, given as logarithms, each once; and the share that each stands for."""
    picked, counts = np.unique(odds.systematic(np.exp(logs - logs.max()), ANSWERED_AFTER), return_counts=True)
    return picked, counts / ANSWERED_AFTER


def _thirds(ready: Rivals, name: str, before: Uniform, after: Uniform, draws: int, weights: Array) -> dict[str, Thirds]:
    """Return the thirds of the uncertain numbers that bear on what was seen, by stream."""
    numbers = {stream: prior for stream, prior in ready.numbers(name).items() if not prior.constant}
    sampler = Sampler(list(numbers.values()))
    values = zip(numbers, sampler.at(before, draws)[sampler.rows], sampler.at(after, len(weights))[sampler.rows], strict=True)
    found = {stream: odds.thirds(one, other, weights) for stream, one, other in values}
    return {stream: one for stream, one in found.items() if one is not None}
