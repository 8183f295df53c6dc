"""The uncertain numbers of draws each of which belongs to one of several rival readings of a case.

Which reading a draw belongs to is a stream of its own. A number that readings draw from differently has, in the draws of each, the values of that reading: knowing it tells something of the reading,
as knowing one of two correlated numbers tells something of the other. A reading that has no such number draws it as the first one that has it: there it moves nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from materiel.analysis import drivers, sensitivity
from materiel.analysis.drivers import Category, Inputs
from materiel.analysis.sensitivity import Codes
from materiel.engine.draws import Sampler, Streams, uniforms
from materiel.evidence.pooling import Prior

STREAM = "#hypothesis"
"""The random stream that picks the hypothesis of a draw; no number can be named so."""


def hypothesis(odds: Mapping[str, float], seed: int, draws: int) -> Category:
    """Return to which hypothesis each draw belongs, by odds that add up to 1."""
    edges = np.cumsum(list(odds.values()))[:-1]
    return Category("hypothesis", "hypothesis", list(odds), np.searchsorted(edges, uniforms(seed, STREAM, 0, draws), side="right").astype(np.int64))


def said(readings: Sequence[Sequence[Prior]]) -> list[list[Prior]]:
    """Return what every reading draws each number from, number by number, for those that are uncertain in at least one."""
    by_stream = [{one.stream: one for prior in priors for one in (prior.mix or (prior,))} for priors in readings]
    streams = dict.fromkeys(itertools.chain(*by_stream))
    made = [[one.get(stream) for one in by_stream] for stream in streams]
    filled = [[one or next(filter(None, row)) for one in row] for row in made]
    return [row for row in filled if not all(one.constant for one in row)]


def pooled(row: Sequence[Prior], odds: Sequence[float]) -> Prior:
    """Return the number itself where all readings draw it alike, and otherwise one with the parts of all, by their odds."""
    if _alike(row):
        return row[0]
    parts = tuple(replace(part, weight=part.weight * weight) for one, weight in zip(row, odds, strict=True) for part in one.parts)
    return replace(row[0], parts=parts, pool=None)


def inputs(rows: Sequence[Sequence[Prior]], odds: Sequence[float], codes: Codes, seed: int) -> Inputs:
    """Return numbers as inputs of draws, `codes` the reading of each; `rows` are what every reading draws them from."""
    draws = len(codes)
    rows = list({drivers.key(pooled(row, odds)): row for row in rows}.values())
    same = drivers.inputs([row[0] for row in rows if _alike(row)], seed, draws, draws)
    rows = [row for row in rows if not _alike(row)]
    if not rows:
        return same
    priors = [pooled(row, odds) for row in rows]
    drawn = Sampler(list(itertools.chain(*rows))).draw(seed, 0, draws).reshape(len(rows), -1, draws)[:, codes, np.arange(draws)]
    into = sensitivity.classes(draws)
    ranked = np.array([sensitivity.ranks(values) for values in drawn])
    classes = np.array([sensitivity.coded(ranks, into) for ranks in ranked])
    streams = Streams(seed, 0, draws)
    picks = [_picks(row, streams, codes) for row in rows]
    base = np.array([drivers.base(prior, pick, ranks) for prior, pick, ranks in zip(priors, picks, ranked, strict=True)])
    return Inputs(
        [*same.priors, *priors], np.concatenate([same.classes, classes]), np.concatenate([same.sizes, sensitivity.sizes(classes, into)]),
        np.concatenate([same.base, base]), same.heard, {prior.stream: pick for prior, pick in zip(priors, picks, strict=True)},
    )  # fmt: skip


def _alike(row: Sequence[Prior]) -> bool:
    return all((one.mixing, one.parts) == (row[0].mixing, row[0].parts) for one in row)


def _picks(row: Sequence[Prior], streams: Streams, codes: Codes) -> Codes:
    """Return which part of a pooled number each draw listens to."""
    firsts = np.cumsum([0, *(len(one.parts) for one in row)])
    by_reading = np.array([first + one.pick(streams.voices(one)) for first, one in zip(firsts[:-1], row, strict=True)])
    found: Codes = by_reading[codes, np.arange(len(codes))]
    return found
