"""Rank correlations between uncertain numbers: from what a case states to how each number's normal score is mixed of random streams.

Every number keeps a random stream of its own. Where ranks are correlated, the normal score of a number is a weighted sum of the scores of the streams of its
group: the rows of the lower Cholesky factor of their correlations (a Gaussian copula). A number is a rising function of its score, so that its distribution
stays what it is, and a draw depends on nothing but the streams, which a reordering of a sample would not keep.

A rank correlation s of two normal scores is a linear one of 2 sin(pi s / 6) (Pearson, 1907). Pairs that are not stated have none.

Arithmetic is that of plain floats, one operation after the other: a library of linear algebra, a sine, or `sum` differ in their last bits between machines or
versions of the language.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from materiel.errors import CaseError, Place, Problem

Row = tuple[tuple[str, float], ...]
"""Streams and weights whose normal scores, weighted and summed in this order, make the normal score of one number; its own stream comes last."""

Matrix = list[list[float]]

MOST = 60
"""Numbers that a group may have: the work grows with the cube of it."""

LEAST_OWN = 1e-9
"""Least share of its variance that a number must have to itself, given the others; with less, rounding would decide what it is."""

_SIXTH_OF_PI = 0.5235987755982988


@dataclass(frozen=True)
class Pair:
    """A stated rank correlation between the numbers of two streams, and where it stands."""

    first: str
    second: str
    rank: float
    place: Place


def rows(pairs: Sequence[Pair]) -> dict[str, Row]:
    """Return how the score of every stream named is mixed, in the order of first appearance; the first of a group is its own stream alone.

    Groups that no pair connects are handled apart, so that a stream's row depends on its own group only; pairs added at the end that bring in new streams leave
    the rows of the old ones as they are. Raises CaseError with every pair that is wrong in itself, or with one problem for every group that contradicts itself.
    """
    if problems := list(_wrong(pairs)):
        raise CaseError(problems)
    made: dict[str, Row] = {}
    for group in _groups(pairs):
        names = _names(group)
        if len(names) > MOST:
            problems.append(Problem(group[0].place, f"a group of {len(names)} correlated numbers", f"at most {MOST} that pairs connect"))
            continue
        factor = cholesky(matrix(group, names))
        if factor is None:
            problems.append(_contradiction(group, names))
            continue
        made |= {name: tuple((names[k], weight) for k, weight in enumerate(row) if weight != 0.0) for name, row in zip(names, factor, strict=True)}
    if problems:
        raise CaseError(problems)
    return {name: made[name] for name in _names(pairs)}


def linear(rank: float) -> float:
    """Return the linear correlation of two normal scores whose rank correlation is `rank`: 2 sin(pi rank / 6), the same bits everywhere."""
    x = rank * _SIXTH_OF_PI
    series = 0.0
    for n in range(18, 0, -2):  # Taylor series: |x| <= 0.53, so that the term left out is below 1e-22
        series = (1.0 - series) * x * x / (n * (n + 1))
    return 2.0 * (x - x * series)


def matrix(pairs: Sequence[Pair], names: Sequence[str]) -> Matrix:
    """Return the linear correlations between the normal scores of `names` that pairs among them state."""
    index = {name: i for i, name in enumerate(names)}
    made = [[float(i == j) for j in range(len(names))] for i in range(len(names))]
    for pair in pairs:
        if pair.first in index and pair.second in index:
            i, j = index[pair.first], index[pair.second]
            made[i][j] = made[j][i] = linear(pair.rank)
    return made


def cholesky(correlations: Matrix) -> Matrix | None:
    """Return the rows of the lower Cholesky factor, each up to its diagonal; None unless every number keeps a share of its variance to itself."""
    factor: Matrix = []
    for i, given in enumerate(correlations):
        row = _solved(factor, given[:i])
        own = given[i] - _dot(row, row)
        if own < LEAST_OWN:
            return None
        factor.append([*row, math.sqrt(own)])
    return factor


def _solved(factor: Matrix, given: Sequence[float]) -> list[float]:
    """Return the weights of a number's score on the scores of a factor's rows, from its correlations with the numbers of those rows."""
    row: list[float] = []
    for j, (correlation, earlier) in enumerate(zip(given, factor, strict=True)):
        row.append((correlation - _dot(row, earlier[:j])) / earlier[j])
    return row


def _dot(a: Sequence[float], b: Sequence[float]) -> float:
    total = 0.0
    for x, y in zip(a, b, strict=True):
        total += x * y
    return total


def _wrong(pairs: Sequence[Pair]) -> Iterator[Problem]:
    seen: dict[frozenset[str], Place] = {}
    for pair in pairs:
        key = frozenset((pair.first, pair.second))
        if len(key) == 1:
            yield Problem(pair.place, f"{pair.first!r} is correlated with itself", "two numbers that are drawn apart")
        elif key in seen:
            yield Problem(pair.place, f"{pair.first!r} and {pair.second!r} are correlated here and in {seen[key]}", "one of the two")
        seen.setdefault(key, pair.place)
        if not -1.0 < pair.rank < 1.0:  # written so that it holds for what is no number, too
            yield Problem(pair.place, f"rank {pair.rank:g}", "above -1 and below 1; numbers that always rise together are one number, as in `shared`")


def _names(pairs: Sequence[Pair]) -> list[str]:
    """Return the streams named, in the order of first appearance."""
    return list(dict.fromkeys(name for pair in pairs for name in (pair.first, pair.second)))


def _groups(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Return the pairs of every connected group, in their order."""
    near: dict[str, list[str]] = {name: [] for name in _names(pairs)}
    for pair in pairs:
        near[pair.first].append(pair.second)
        near[pair.second].append(pair.first)
    head: dict[str, str] = {}
    for name in near:
        open_ = [] if name in head else [name]
        while open_:
            here = open_.pop()
            if here not in head:
                head[here] = name
                open_ += near[here]
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        groups.setdefault(head[pair.first], []).append(pair)
    return list(groups.values())


def _contradiction(group: list[Pair], names: list[str]) -> Problem:
    """Say which of the numbers contradict each other, and two ways out: one rank, or all of the group nearer to nought."""
    few = _fewest(group, names)
    stated = [pair for pair in group if pair.first in few and pair.second in few]
    known = {frozenset((pair.first, pair.second)) for pair in stated}
    unsaid = [(a, b) for a, b in itertools.combinations(few, 2) if frozenset((a, b)) not in known]
    found = f"no numbers can have these ranks between {_listed(few)}"
    if unsaid:
        more = f" and {len(unsaid) - 3} more" if len(unsaid) > 3 else ""
        found += " (" + ", ".join(f"{a!r} with {b!r}" for a, b in unsaid[:3]) + f"{more}: not stated, so 0)"
    a, b = unsaid[0] if unsaid else (stated[-1].first, stated[-1].second)
    ways: list[str] = []
    if span := _span(stated, [name for name in few if name not in (a, b)], a, b):
        ways.append(f"{span[0]:.2f} to {span[1]:.2f} between {a!r} and {b!r}, the others as they are")
    if common := _common(group, names):
        ways.append(f"every rank of the group times {common:.2f}")
    return Problem(stated[-1].place, found, ", or ".join(ways))


def _listed(names: Sequence[str]) -> str:
    quoted = [repr(name) for name in names]
    return ", ".join(quoted[:-1]) + f" and {quoted[-1]}"


def _fewest(pairs: list[Pair], names: list[str]) -> list[str]:
    """Return names that contradict each other, none of which can be left out: by leaving out halves, quarters, and so on while the rest still does."""
    few, size = names, len(names) // 2
    while size >= 1:
        for start in range(len(few) - size, -1, -size):
            rest = few[:start] + few[start + size :]
            if cholesky(matrix(pairs, rest)) is None:
                few = rest
        size = min(size, len(few)) // 2
    return few


def _span(pairs: Sequence[Pair], others: list[str], a: str, b: str) -> tuple[float, float] | None:
    """Return the lowest and highest rank, to two places, that a pair can have when the other ranks stay; None if there is none of two places."""
    correlations = matrix(pairs, [*others, a, b])
    first, second = correlations[-2][:-2], correlations[-1][:-2]
    factor = cholesky([row[:-2] for row in correlations[:-2]])
    if factor is None:
        return None
    scores = [_solved(factor, given) for given in (first, second)]
    middle = _dot(*scores)
    reach = math.sqrt(max((1.0 - _dot(scores[0], scores[0])) * (1.0 - LEAST_OWN - _dot(scores[1], scores[1])), 0.0))
    ends = [6.0 / math.pi * math.asin(max(-1.0, min(1.0, (middle + side * reach) / 2.0))) for side in (-1.0, 1.0)]
    low, high = math.ceil(ends[0] * 100) / 100, math.floor(ends[1] * 100) / 100
    return (low, high) if low <= high else None


def _common(group: list[Pair], names: list[str]) -> float:
    """Return the largest factor, in hundredths, by which the ranks of a group can be multiplied to agree; 0 if none does."""
    good, bad = 0, 100
    while bad - good > 1:
        middle = (good + bad) // 2
        shrunk = [Pair(pair.first, pair.second, pair.rank * middle / 100, pair.place) for pair in group]
        good, bad = (good, middle) if cholesky(matrix(shrunk, names)) is None else (middle, bad)
    return good / 100
