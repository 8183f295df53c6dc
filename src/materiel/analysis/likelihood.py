"""How probable what was seen is, given what a run expects.

Errors are factors. On the scale of logarithms what an observer expects is `log x + shift + e + f`: x what the run says, e the observation's own error, f the sum of the errors that it has in
common with others (of its origin, of the model about this series), all normal. Counts scatter about that as Poisson numbers, their own error being a gamma factor, which
makes them negative binomial; amounts are lognormal. "At least" and "at most" have the probability that a count or an amount reaches so far, and a floor: one such
statement in twenty is wrong, as in the rules of evidence, so that no bound can weigh more than twenty to one.

Common errors are integrated out, never sampled. Terms linked by them make a group. A group of amounts is a multivariate normal law in closed form, with one
bound if there is one. Any other group is integrated by Gauss-Hermite quadrature about the mode of each draw (Liu and Pierce, Biometrika, 1994), which is within 3e-4
for counts; where several bounds on amounts make sharp edges, on an even grid, which is within 1 %. The number of common errors of a group is that of its nodes' dimensions:
above five, one node is left, which is Laplace's approximation.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from materiel import portable

Array = npt.NDArray[np.float64]

WRONG = 0.05
"""Share of statements of the kind "at least" or "at most" that are wrong."""
MOST_SUMMED = 50
"""Largest count whose tail is summed; above it a count is taken for a gamma number, which is within 0.01."""

_NODES = {1: 21, 2: 7, 3: 5, 4: 3, 5: 3}
"""Nodes of the quadrature in each dimension, by the number of dimensions."""
_GRID = {1: 161, 2: 41}
"""The same for sharp edges."""
_CHUNK = 4096
_STEP = 1e-2
_ROUNDS = 25
_FARTHEST = 2.0
"""Factor, as a logarithm, by which the search for the mode moves at most at once."""


@dataclass(frozen=True)
class Term:
    """One observation as a law given what a run expects.

    `own` is the standard deviation of its own error on the scale of logarithms, `shared` those of the errors that it has in common with other terms, by their names,
    `shift` the mean of them all. A `bound` makes it a statement that what was seen is the least or the most. The density of an amount is that of its logarithm.
    """

    kind: Literal["count", "amount"]
    seen: float
    own: float = 0.0
    shared: Mapping[str, float] = field(default_factory=dict[str, float])
    shift: float = 0.0
    bound: Literal["", "at least", "at most"] = ""


def log_likelihood(terms: Sequence[Term], expected: Array) -> Array:
    """Return the log-likelihood of all terms together, shape (draws,), from what every draw expects of each, shape (terms, draws), in the units of what was seen.

    It is minus infinity where something was seen of which a draw expects none at all.
    """
    return log_likelihoods(terms, expected, {"": range(len(terms))})[""]


def log_likelihoods(terms: Sequence[Term], expected: Array, parts: Mapping[str, Sequence[int]]) -> dict[str, Array]:
    """Return the same for parts of the terms, by name, each given by its positions in rising order. Terms that common errors link are worked out once, whatever parts they are in."""
    known: dict[tuple[int, ...], Array] = {}
    made: dict[str, Array] = {}
    for name, rows in parts.items():
        made[name] = np.zeros(expected.shape[1])
        for group in groups([terms[i] for i in rows]):
            key = tuple(rows[i] for i in group)
            if key not in known:
                known[key] = _together([terms[i] for i in key], expected[list(key)])
            made[name] += known[key]
    return made


def simulated(terms: Sequence[Term], expected: Array, rng: np.random.Generator) -> list[Term]:
    """Return what might have been seen instead, by the same laws, by a draw that expects so much of each, shape (terms,); where a bound was stated, the value itself is seen."""
    common = {name: rng.standard_normal() for term in terms for name in term.shared}
    made: list[Term] = []
    for term, mean in zip(terms, expected, strict=True):
        factor = math.exp(term.shift + sum(size * common[name] for name, size in term.shared.items()))
        if term.kind == "amount":
            seen = float(mean * factor * math.exp(term.own * rng.standard_normal()))
        else:
            size = _size(term.own)
            own = 1.0 if size == math.inf else float(rng.gamma(size)) / size
            seen = float(rng.poisson(float(mean) * factor * own))
        made.append(replace(term, seen=seen, bound=""))
    return made


def groups(terms: Sequence[Term]) -> list[list[int]]:
    """Return the positions of terms that are linked by common errors, group by group, in order."""
    made: list[tuple[set[str], list[int]]] = []
    for i, term in enumerate(terms):
        names = {name for name, size in term.shared.items() if size > 0}
        linked = [one for one in made if one[0] & names]
        made = [one for one in made if one not in linked]
        made.append((names.union(*(one[0] for one in linked)), sorted([i, *(k for one in linked for k in one[1])])))
    return sorted(group for _, group in made)


def _together(terms: Sequence[Term], expected: Array) -> Array:
    """Return the log-likelihood of one group."""
    with np.errstate(divide="ignore"):
        eta = np.log(expected) + np.array([[term.shift] for term in terms])
    possible = np.array([term.seen == 0 or bool(term.bound) for term in terms])[:, None] | (expected > 0)
    made, able = np.full(expected.shape[1], -np.inf), possible.all(axis=0)
    bounded = [term for term in terms if term.bound]
    if all(term.kind == "amount" for term in terms) and len(bounded) <= 1:
        made[able] = _closed(terms, eta[:, able])
        return made
    names = sorted({name for term in terms for name in term.shared})
    loads = np.array([[term.shared.get(name, 0.0) for name in names] for term in terms])
    cells, which = np.unique(loads, axis=0, return_inverse=True)
    basis = _basis(cells)
    sharp = any(term.kind == "amount" for term in bounded)
    for chunk in np.array_split(np.flatnonzero(able), max(1, math.ceil(able.sum() / _CHUNK))):
        made[chunk] = _integrated(_Group(terms, eta[:, chunk], which.ravel(), len(cells)), basis, sharp=sharp)
    return made


def _basis(cells: Array) -> Array:
    """Return what turns independent standard normal numbers into the common errors of every cell, shape (cells, dimensions); nought dimensions without any."""
    values, vectors = np.linalg.eigh(cells @ cells.T)
    kept = values > 1e-12
    return vectors[:, kept] * np.sqrt(values[kept])


# ------------------------------------------------------------------------------------------------------------- closed form


def _closed(terms: Sequence[Term], eta: Array) -> Array:
    """Return the log-likelihood of amounts, of which one at most is a bound: that of the values, times that of the bound given them."""
    names = sorted({name for term in terms for name in term.shared})
    loads = np.array([[term.shared.get(name, 0.0) for name in names] for term in terms]).reshape(len(terms), -1)
    covariance = loads @ loads.T + np.diag([term.own**2 for term in terms])
    points = [i for i, term in enumerate(terms) if not term.bound]
    made = np.zeros(eta.shape[1])
    mean, variance = np.zeros(eta.shape[1]), np.diag(covariance)
    if points:
        inner = covariance[np.ix_(points, points)]
        residual = np.log([[terms[i].seen] for i in points]) - eta[points]
        solved = np.linalg.solve(inner, residual)
        made = -0.5 * ((residual * solved).sum(axis=0) + np.linalg.slogdet(inner)[1] + len(points) * math.log(2 * math.pi))
        mean = covariance[:, points] @ solved
        variance = variance - np.einsum("ip,pi->i", covariance[:, points], np.linalg.solve(inner, covariance[points]))
    for i, term in enumerate(terms):
        if term.bound:
            given = mean[i] if points else 0.0
            made = made + _said(_beyond(term.seen, eta[i] + given, math.sqrt(max(variance[i], 1e-12)), term.bound))
    return made


def _beyond(seen: float, eta: Array, spread: float, bound: str) -> Array:
    """Return the probability that an amount reaches, or stays below, what was seen."""
    distance = (eta - math.log(seen)) / spread
    return portable.normal_cdf(distance if bound == "at least" else -distance)


def _said(probability: Array) -> Array:
    """Return the logarithm of the probability of a bound, some bounds being wrong."""
    return np.log(WRONG + (1 - WRONG) * probability)


# ------------------------------------------------------------------------------------------------------------- quadrature


@dataclass(frozen=True)
class _Group:
    """Terms of one group, what some draws expect of each on the scale of logarithms, shape (terms, draws), and the cell whose common error each has."""

    terms: Sequence[Term]
    eta: Array
    which: npt.NDArray[np.int64]
    cells: int

    def values(self, errors: Array) -> Array:
        """Return the log-likelihood of every cell, given its common error, both of shape (cells, ..., draws)."""
        made = np.zeros_like(errors)
        for term, eta, cell in zip(self.terms, self.eta, self.which, strict=True):
            made[cell] += log_probability(term, eta + errors[cell])
        return made


def _integrated(group: _Group, basis: Array, *, sharp: bool) -> Array:
    """Return the log-likelihood of a group, its common errors integrated out, shape (draws,)."""
    draws, size = group.eta.shape[1], basis.shape[1]
    if size == 0:
        return group.values(np.zeros((group.cells, draws))).sum(axis=0)
    mode, spread = _mode(group, basis)
    nodes, weights = _rule(size, sharp=sharp)
    best, total = np.full(draws, -np.inf), np.zeros(draws)
    for some in np.array_split(np.arange(len(nodes)), math.ceil(len(nodes) * draws / _CHUNK)):
        at = mode + math.sqrt(2) * (spread.reshape(-1, size) @ nodes[some].T).reshape(draws, size, -1).transpose(2, 0, 1)
        errors = (basis @ at.reshape(-1, size).T).reshape(len(basis), -1, draws)
        value = group.values(errors).sum(axis=0) - 0.5 * (at**2).sum(axis=2) + weights[some, None]
        top = np.maximum(best, value.max(axis=0))
        with np.errstate(invalid="ignore"):
            total = total * np.exp(np.where(best == top, 0.0, best - top)) + np.exp(value - top).sum(axis=0)
        best = top
    width = np.log(np.abs(np.linalg.det(spread)))
    return best + np.log(total) + width - 0.5 * size * math.log(math.pi)


def _mode(group: _Group, basis: Array) -> tuple[Array, Array]:
    """Return where the integrand of every draw is largest, shape (draws, dimensions), and a square root of its inverse curvature there, by Newton's method.

    Slopes are differences: they place the nodes, and do not enter the integral. Curvatures that are negative, as bounds with a floor have them, count as nought.
    """
    draws, size = group.eta.shape[1], basis.shape[1]
    at: Array = np.zeros((draws, size))
    curvature: Array = np.broadcast_to(np.eye(size), (draws, size, size))
    steps = np.array([[-_STEP], [0.0], [_STEP]])
    for _ in range(_ROUNDS):
        errors: Array = basis @ at.T
        below, here, above = group.values(errors[:, None] + steps).swapaxes(0, 1)
        slope, curve = (above - below) / (2 * _STEP), np.maximum((2 * here - above - below) / _STEP**2, 0.0)
        curvature = np.eye(size) + np.einsum("cr,cd,cs->drs", basis, curve, basis)
        uphill: Array = slope.T @ basis - at
        move = np.linalg.solve(curvature, uphill[:, :, None])[:, :, 0]
        farthest = np.abs(move @ basis.T).max(axis=1, initial=1e-300)
        at += move * np.minimum(1.0, _FARTHEST / farthest)[:, None]
        if farthest.max(initial=0.0) < 1e-3:
            break
    spread: Array = np.linalg.cholesky(np.linalg.inv(curvature)).astype(np.float64)
    return at, spread


def _rule(size: int, *, sharp: bool) -> tuple[Array, Array]:
    """Return nodes, shape (nodes, dimensions), and the logarithms of their weights with that of the normal density taken out."""
    if sharp and size in _GRID:
        x = np.linspace(-5.0, 5.0, _GRID[size])
        logs = np.full(len(x), math.log(x[1] - x[0]))
    else:
        x, w = np.polynomial.hermite.hermgauss(_NODES.get(size, 1))
        logs = np.log(w) + x**2
    nodes, weights = (np.stack(np.meshgrid(*[axis] * size, indexing="ij")).reshape(size, -1) for axis in (x, logs))
    return nodes.T, weights.sum(axis=0)


# ------------------------------------------------------------------------------------------------------------- single laws


def log_probability(term: Term, eta: Array) -> Array:
    """Return the log-probability of one term given the logarithm of what is expected, common errors included; same shape."""
    if term.kind == "amount":
        spread = max(term.own, 1e-6)
        if term.bound:
            return _said(_beyond(term.seen, eta, spread, term.bound))
        return -0.5 * (((math.log(term.seen) - eta) / spread) ** 2 + math.log(2 * math.pi)) - math.log(spread)
    if term.bound:
        return _said(_reached(term, eta) if term.bound == "at least" else _kept_below(term, eta))
    return _log_count(term.seen, eta, term.own)


def _size(own: float) -> float:
    """Return the shape of the gamma factor whose variance is that of a lognormal one."""
    return 1.0 / math.expm1(own**2) if own > 1e-4 else math.inf


def _log_count(seen: float, eta: Array, own: float) -> Array:
    mean, size = np.exp(np.minimum(eta, 700.0)), _size(own)
    powers = seen * eta if seen > 0 else np.zeros_like(eta)
    if size == math.inf:
        return powers - mean - math.lgamma(seen + 1)
    constant = math.lgamma(seen + size) - math.lgamma(size) - math.lgamma(seen + 1) - seen * math.log(size)
    return constant + powers - (seen + size) * np.log1p(mean / size)


def _reached(term: Term, eta: Array) -> Array:
    """Return the probability of a count of at least what was seen."""
    least = math.ceil(term.seen)
    return 1.0 - _summed(least - 1, eta, term.own) if term.seen <= MOST_SUMMED else _large(least - 0.5, eta, term.own)


def _kept_below(term: Term, eta: Array) -> Array:
    """Return the probability of a count of at most what was seen."""
    most = math.floor(term.seen)
    return _summed(most, eta, term.own) if term.seen <= MOST_SUMMED else 1.0 - _large(most + 0.5, eta, term.own)


def _large(seen: float, eta: Array, own: float) -> Array:
    """Return the probability that a large count exceeds what was seen, taken for a gamma number of the same variance (Wilson and Hilferty, PNAS, 1931)."""
    mean = np.exp(np.clip(eta, -700.0, 700.0))
    variance = 1 / _size(own) + 1 / mean
    return portable.normal_cdf(3 / np.sqrt(variance) * (1 - variance / 9 - np.cbrt(seen / mean)))


def _summed(last: int, eta: Array, own: float) -> Array:
    """Return the probability of a count of at most `last`."""
    total = np.zeros_like(eta)
    for count in range(last + 1):
        total += np.exp(_log_count(float(count), eta, own))
    return np.minimum(total, 1.0)
