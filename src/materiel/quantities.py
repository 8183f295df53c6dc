"""What a number in a case may be: a constant, a range, quantiles, a named distribution; and how each is drawn.

Every distribution is a monotone function from a probability to a value, so that one uniform number per draw decides it.
Ranges and quantiles are straight lines between normal scores on the scale that suits the quantity: logarithmic when it is positive,
logistic when it is a share, linear otherwise. Two points give a (log-, logit-) normal distribution, three a two-piece one. Such a
curve exists for every rising set of quantiles (a three-term metalog does not: it fails for a quarter of ordinary triples).
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import numpy as np
import numpy.typing as npt

from materiel import portable
from materiel.errors import nearest

Array = npt.NDArray[np.float64]
Scale = Literal["linear", "log", "logit"]

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"^\s*({NUMBER})\s+to\s+({NUMBER})(?:\s+(.*\S))?\s*$")
_SINGLE = re.compile(rf"^\s*({NUMBER})(?:\s+(.*\S))?\s*$")
_UNIT_TWICE = re.compile(rf"^\s*{NUMBER}\s+.*\sto\s+{NUMBER}")
_DASH = re.compile(rf"^\s*({NUMBER})\s*[-\u2013\u2014]\s*({NUMBER})(.*)$")
_COMMA = re.compile(r"\d,\d")

NAMED: dict[str, tuple[str, ...]] = {
    "normal": ("mean", "sd"),
    "lognormal": ("median", "gsd"),
    "logitnormal": ("median", "sd"),
    "uniform": ("low", "high"),
    "loguniform": ("low", "high"),
    "triangular": ("low", "mode", "high"),
    "exponential": ("mean",),
    "chance": ("probability",),
}
"""Named distributions and their parameters; `gsd` is the geometric standard deviation, above 1; a `chance` is 1 with its probability, else 0."""


class QuantityError(ValueError):
    """A number that cannot be read; `allowed` says what could have stood there, `key` or the path `at` which part is wrong."""

    def __init__(self, found: str, allowed: str = "", key: str = "", near: str = "") -> None:
        """Keep what is allowed, the wrong part and the nearest valid name beside the message."""
        self.found, self.allowed, self.key, self.nearest = found, allowed, key, near
        self.at: tuple[str | int, ...] = (key,) if key else ()
        super().__init__(found)


@dataclass(frozen=True)
class Distribution:
    """A monotone curve from probability to value, through `points` of (probability, value) on one scale.

    A constant is a single point. `named` curves that are no straight lines in normal scores keep their own formula.
    """

    scale: Scale
    probabilities: tuple[float, ...]
    values: tuple[float, ...]
    named: str = ""

    @property
    def constant(self) -> bool:
        """Whether every draw is the same."""
        return len(self.values) == 1 and not self.named

    @property
    def sound(self) -> bool:
        """Whether every value survived the arithmetic on the way here: finite, and inside the open end of its scale."""
        values = self.values[:1] if self.named == "exponential" else self.values
        low, high = {"log": (0.0, np.inf), "logit": (0.0, 1.0)}.get(self.scale, (-np.inf, np.inf))
        return all(low < value < high for value in values)

    def scaled(self, factor: float) -> Distribution:
        """Return the same distribution in another unit."""
        return Distribution(self.scale, self.probabilities, tuple(v * factor for v in self.values), self.named)

    def quantile(self, u: Array) -> Array:
        """Return the values at probabilities u, each strictly between 0 and 1, in the distribution's unit; any shape."""
        if self.bent:
            return self.at(portable.normal_quantile(u))
        return np.full_like(u, self.values[0]) if self.constant else _named_quantile(self.named, self.values, u)

    @property
    def bent(self) -> bool:
        """Whether the curve is made of straight lines between normal scores: it is neither constant nor named."""
        return len(self.values) > 1 and not self.named

    def at(self, z: Array) -> Array:
        """Return the values of a bent curve at normal scores z, in the distribution's unit; any shape."""
        return from_scale(self.scale, self.heights(z))

    def heights(self, z: Array) -> Array:
        """Return the values of a bent curve at normal scores z, on its scale; any shape."""
        scores, heights, slopes = self._points
        piece = np.searchsorted(scores[1:-1], z) if len(slopes) > 1 else 0
        return heights[piece] + (z - scores[piece]) * slopes[piece]

    def density(self, x: Array) -> Array:
        """Return the probability density of a bent curve at values x, per unit; any shape, nought outside of its scale."""
        low, high = {"log": (0.0, np.inf), "logit": (0.0, 1.0)}.get(self.scale, (-np.inf, np.inf))
        inside = (x > low) & (x < high)
        x = np.where(inside, x, 0.5)  # a half lies on every scale
        scores, heights, slopes = self._points
        height = to_scale(self.scale, x)
        piece = np.searchsorted(heights[1:-1], height) if len(slopes) > 1 else np.zeros(x.shape, dtype=np.int64)
        z = scores[piece] + (height - heights[piece]) / slopes[piece]
        stretch = {"log": x, "logit": x * (1.0 - x)}.get(self.scale, np.ones_like(x))
        return np.where(inside, portable.exp(-0.5 * z * z) / (math.sqrt(2.0 * math.pi) * slopes[piece] * stretch), 0.0)

    @functools.cached_property
    def _points(self) -> tuple[Array, Array, Array]:
        """Normal scores of the points of a bent curve, their heights on its scale, and the slopes between them."""
        scores, heights = _scores(self.probabilities), to_scale(self.scale, np.array(self.values))
        return scores, heights, (heights[1:] - heights[:-1]) / (scores[1:] - scores[:-1])

    def bounds(self) -> tuple[float, float]:
        """Return the lowest and highest value that a draw can come arbitrarily near to."""
        if self.constant:
            return self.values[0], self.values[0]
        if self.named == "chance":
            return 0.0, 1.0
        if self.named in ("uniform", "loguniform", "triangular"):
            return self.values[0], self.values[-1]
        if self.named == "exponential" or self.scale == "log":
            return 0.0, np.inf
        return (0.0, 1.0) if self.scale == "logit" else (-np.inf, np.inf)


@functools.lru_cache(maxsize=256)
def _scores(probabilities: tuple[float, ...]) -> Array:
    """Return the normal scores of probabilities: hundreds of distributions have the same few."""
    return portable.normal_quantile(np.array(probabilities))


def constant(value: float) -> Distribution:
    """Return the distribution that is always `value`."""
    return Distribution("linear", (0.5,), (value,))


def to_scale(scale: Scale, x: Array) -> Array:
    """Return values on a scale: their logarithms, their log-odds, or themselves."""
    if scale == "log":
        return portable.log(x)
    return portable.log(x) - portable.log(1.0 - x) if scale == "logit" else x


def from_scale(scale: Scale, y: Array) -> Array:
    """Return what `to_scale` was given."""
    if scale == "log":
        return portable.exp(y)
    return 1.0 / (1.0 + portable.exp(-y)) if scale == "logit" else y


def _named_quantile(name: str, values: tuple[float, ...], u: Array) -> Array:
    if name == "uniform":
        return values[0] + u * (values[1] - values[0])
    if name == "loguniform":
        low, high = portable.log(values[0]), portable.log(values[1])
        return portable.exp(low + u * (high - low))
    if name == "chance":
        return np.where(u > 1.0 - values[0], 1.0, 0.0)
    if name == "exponential":
        return -values[0] * portable.log(1.0 - u)
    low, mode, high = values
    split = (mode - low) / (high - low)
    left = low + np.sqrt(u * (high - low) * (mode - low))
    right = high - np.sqrt((1.0 - u) * (high - low) * (high - mode))
    return np.where(u < split, left, right)


def read(raw: object, *, share: bool = False) -> tuple[Distribution, str]:
    """Return the distribution that a case's text or mapping describes and the unit written with it ("" if none).

    Text is `3`, `3 round`, or `2 to 9 round` (a 90 % interval). A mapping has `p5`, `p50`, `p95` (any rising percentiles) or
    `dist` with its parameters, and `unit`. Raises QuantityError.
    """
    if isinstance(raw, bool) or raw is None:
        raise QuantityError("blank" if raw is None else f"{raw} is not a number", _ALLOWED)
    if isinstance(raw, int | float):
        return constant(_finite(raw)), ""
    if isinstance(raw, str):
        return _read_text(raw, share=share)
    if isinstance(raw, Mapping):
        return _read_mapping(cast("Mapping[str, Any]", raw), share=share)
    raise QuantityError(f"a list is not a number: {raw}", _ALLOWED)


_ALLOWED = "a number with its unit, `a to b unit`, {p5: , p50: , p95: , unit: } or {dist: , unit: }"


def _finite(raw: str | float, key: str = "") -> float:
    try:
        value = float(raw)
    except OverflowError:  # a whole number of more than 308 digits
        value = math.inf
    if not math.isfinite(value):
        raise QuantityError(f"{str(raw)[:40]} is no finite number", "a number below 1e308", key)
    return value


def _read_text(text: str, *, share: bool) -> tuple[Distribution, str]:
    if _COMMA.search(text):
        raise QuantityError(f"{text!r} has a comma in a number", "a point for decimals and no thousands separator")
    if found := _RANGE.match(text):
        low, high = _finite(found[1]), _finite(found[2])
        if not low < high:
            raise QuantityError(f"{text!r} does not rise", "the lower end first")
        return _through({5.0: low, 95.0: high}, share=share), found[3] or ""
    if _UNIT_TWICE.match(text):
        raise QuantityError(f"{text!r} has a unit in its middle", "`a to b unit`, with the unit once, at the end")
    if found := _SINGLE.match(text):
        return constant(_finite(found[1])), found[2] or ""
    if found := _DASH.match(text):
        raise QuantityError(f"{text!r} is not a range", "`a to b unit`", near=f"{found[1]} to {found[2]}{found[3]}")
    raise QuantityError(f"{text!r} is not a number", _ALLOWED)


def _read_mapping(raw: Mapping[str, Any], *, share: bool) -> tuple[Distribution, str]:
    unit = raw.get("unit", "")
    if not isinstance(unit, str):
        raise QuantityError(f"{unit!r} is not a unit", "a unit expression such as round/month", "unit")
    rest = {key: value for key, value in raw.items() if key != "unit"}
    for key, value in rest.items():
        if key != "dist" and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise QuantityError(f"{key}: {value!r} is not a plain number", "a number; the unit stands in `unit`", key)
        if key != "dist":
            _finite(value, key)
    if "dist" in rest:
        return _read_named(rest), unit
    percentiles = {key: re.fullmatch(r"p(\d+(?:\.\d+)?)", key) for key in rest}
    for key, match in percentiles.items():
        if match is None or not 0 < float(match[1]) < 100:
            raise QuantityError(f"{key!r} is not a percentile", "p5, p50, p95 and the like, `unit`, or `dist`", key)
    if len(rest) < 2:
        raise QuantityError("fewer than two percentiles", _ALLOWED)
    points = {float(cast("re.Match[str]", match)[1]): float(rest[key]) for key, match in percentiles.items()}
    if len(points) < len(rest):
        raise QuantityError("one percentile stands twice", _ALLOWED)
    return _through(points, share=share), unit


def _read_named(raw: Mapping[str, Any]) -> Distribution:
    name = raw["dist"]
    if not isinstance(name, str) or name not in NAMED:
        raise QuantityError(f"unknown distribution {name!r}", ", ".join(NAMED), "dist", nearest(str(name), list(NAMED)))
    wanted = NAMED[name]
    for key in raw:
        if key != "dist" and key not in wanted:
            near = nearest(key, wanted)
            raise QuantityError(f"{name} has no parameter {key!r}", ", ".join(wanted), key, near)
    for key in wanted:
        if key not in raw:
            raise QuantityError(f"{name} lacks its parameter {key!r}", ", ".join(wanted))
    values = tuple(float(raw[key]) for key in wanted)
    _check_named(name, values)
    if name == "normal":
        return _line("linear", values[0], values[1])
    if name == "lognormal":
        ratio = float(portable.exp(1.6448536269514722 * portable.log(values[1])))
        return Distribution("log", (0.05, 0.5, 0.95), (values[0] / ratio, values[0], values[0] * ratio))
    if name == "logitnormal":
        centre = float(to_scale("logit", np.array(values[0])))
        ends = [float(from_scale("logit", np.array(centre + z * 1.6448536269514722 * values[1]))) for z in (-1, 1)]
        return Distribution("logit", (0.05, 0.95), (ends[0], ends[1]))
    return Distribution("linear", (0.0,) * len(values), values, name)


def _line(scale: Scale, centre: float, sd: float) -> Distribution:
    reach = 1.6448536269514722 * sd
    return Distribution(scale, (0.05, 0.95), (centre - reach, centre + reach))


def _check_named(name: str, values: tuple[float, ...]) -> None:
    if name in ("uniform", "loguniform", "triangular") and not (values[0] < values[-1] and list(values) == sorted(values)):
        raise QuantityError(f"{name} parameters do not rise: {values}", "low below high")
    if name in ("lognormal", "loguniform", "exponential") and values[0] <= 0:
        raise QuantityError(f"{name} of {values[0]:g}", "a value above 0")
    if name == "chance" and not 0 < values[0] < 1:
        raise QuantityError(f"probability {values[0]:g}", "between 0 and 1", "probability")
    if name == "lognormal" and values[1] <= 1:
        raise QuantityError(f"gsd {values[1]:g}", "a geometric standard deviation above 1", "gsd")
    if name == "logitnormal" and not 0 < values[0] < 1:
        raise QuantityError(f"median {values[0]:g}", "a share between 0 and 1", "median")
    if name in ("normal", "logitnormal") and values[1] <= 0:
        raise QuantityError(f"sd {values[1]:g}", "a standard deviation above 0", "sd")


def _through(points: Mapping[float, float], *, share: bool) -> Distribution:
    percents = sorted(points)
    values = [points[p] for p in percents]
    for (p, a), (q, b) in zip(zip(percents[:-1], values[:-1], strict=True), zip(percents[1:], values[1:], strict=True), strict=True):
        if not a < b:
            raise QuantityError(f"p{q:g} {b:g} is not above p{p:g} {a:g}", "quantiles that rise", f"p{q:g}")
    scale: Scale = "linear"
    if share and values[0] > 0 and values[-1] < 1:
        scale = "logit"
    elif values[0] > 0:
        scale = "log"
    return Distribution(scale, tuple(p / 100.0 for p in percents), tuple(values))
