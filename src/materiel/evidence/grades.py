"""What a grade and a hedge do to a number: named, documented, replaceable rules, one data file each in `rules/`."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from materiel.errors import RunError, nearest
from materiel.evidence import data
from materiel.quantities import Distribution

Reliability = Literal["A", "B", "C", "D", "E", "F"]
Credibility = Literal[1, 2, 3, 4, 5, 6]
Approximation = Literal["", "about", "at least", "at most"]

REACH = 1.6448536269514722
"""Normal score of the 95th percentile: a 90 % range reaches as many standard deviations to either side."""
_APART = 3
"""Steps between the two axes from which they disagree: A4, A5, B5, D1, E1, E2."""


@dataclass(frozen=True)
class Grade:
    """How much a claim is worth: reliability of its source, credibility of the item, and how it was hedged.

    `likelihood` is the probability band of a hedge such as "likely", (1, 1) without one; `approximation` what a word such as "at least" makes of a value.
    """

    reliability: Reliability
    credibility: Credibility
    likelihood: tuple[float, float] = (1.0, 1.0)
    approximation: Approximation = ""

    def __str__(self) -> str:
        """Give both axes, as in B2."""
        return f"{self.reliability}{self.credibility}"

    @property
    def at_odds(self) -> bool:
        """Whether the two axes disagree: a source that is always right with an improbable item, or an unreliable one with a confirmed item."""
        return self.reliability != "F" and self.credibility != 6 and abs("ABCDE".index(self.reliability) + 1 - self.credibility) >= _APART


Factor = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Factor of a strength."""
Spread = Annotated[float, Field(gt=1, le=1000, allow_inf_nan=False)]
"""Factor by which a value is spread either way."""


class Rule(BaseModel):
    """How grades become weights and widths."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    name: str
    """Word by which it is chosen."""
    title: str
    """What it does, in a few words."""
    reasoning: str
    """Why anyone would use it."""
    reliability: dict[Reliability, Factor] = Field(min_length=6)
    """Factor of strength by reliability of the source."""
    credibility: dict[Credibility, Factor] = Field(min_length=6)
    """Factor of strength by credibility of the item."""
    spread: dict[Credibility, Spread] = Field(min_length=6)
    """Factor k by which a value without a range is spread either way (90 %)."""
    hedges: bool = True
    """Whether a hedged claim counts by the middle of its band."""
    common: float = Field(0.5, ge=0, le=1)
    """Share of the variance of an observation's error that all observations of its origin have in common."""
    promises: Literal["discounted", "face value"] = "discounted"
    """Whether an announced target is heard as what became of such promises, or at its word."""
    errors: bool = False
    """Whether voices that counted for themselves are combined as measurements with independent errors."""

    def __hash__(self) -> int:
        """Hash by name: two rules of one name are one rule."""
        return hash(self.name)

    def strength(self, grade: Grade) -> float:
        """Return the strength of a claim against a base of strength 1."""
        likelihood = sum(grade.likelihood) / 2 if self.hedges else 1.0
        return self.reliability[grade.reliability] * self.credibility[grade.credibility] * likelihood

    def error(self, grade: Grade, stated: float | None = None) -> float:
        """Return the standard deviation of an observation's error on the scale of logarithms; infinite where the rule does not hear its source or item.

        It is the one that the observation `stated`, or else that of a value spread by its credibility. A strength is a weight, and to give an error the weight w is to divide
        its variance by w: so the variance is divided by the factor of the source's reliability.
        """
        heard = self.reliability[grade.reliability]
        if heard == 0 or self.credibility[grade.credibility] == 0:
            return math.inf
        return (math.log(self.spread[grade.credibility]) / REACH if stated is None else stated) / math.sqrt(heard)

    def widen(self, value: Distribution, grade: Grade, *, share: bool) -> Distribution:
        """Return the distribution of a claim: its own range if it gave one, else its value spread by its credibility.

        "At least" puts the value at the 5th percentile and k squared times it at the 95th, "at most" the mirror of that: the width stays, the side changes.
        Shares are spread in odds, so that they stay shares; a value of nought stays a constant, for no factor can spread it.
        """
        centre, k = value.values[0], self.spread[grade.credibility]
        if not value.constant or centre == 0:
            return value
        below, above = {"at least": (1.0, k * k), "at most": (k * k, 1.0)}.get(grade.approximation, (k, k))
        if share and 0 < centre < 1:
            odds = centre / (1 - centre)
            return Distribution("logit", (0.05, 0.95), (odds / below / (1 + odds / below), odds * above / (1 + odds * above)))
        if share or centre < 0:
            return value
        return Distribution("log", (0.05, 0.95), (centre / below, centre * above))


DEFAULT = "plain"


def rules() -> list[str]:
    """Return the names of the rules that ship with the program."""
    return list(data.names("rules"))


def rule(name: str = DEFAULT) -> Rule:
    """Return the rule of a name, or of a YAML file of the same form. Raises RunError when there is none, or it cannot be read."""
    if name in rules():
        return _shipped(name)
    try:
        made = Rule.model_validate(data.load(Path(name).read_text(encoding="utf-8")))
    except OSError:
        near = nearest(name, rules())
        raise RunError(f"no rules {name!r}; {', '.join(rules())}, or a file" + (f"; did you mean {near!r}?" if near else "")) from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'file'}: {one['msg'][0].lower()}{one['msg'][1:]}" for one in error.errors())
        raise RunError(f"{name} holds no rules: {told}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise RunError(f"{name} holds no rules: not YAML") from None
    if made.name in rules():
        raise RunError(f"the rules of {name} are named {made.name!r}, as rules that ship with the program; give them a name of their own")
    return made


@functools.cache
def _shipped(name: str) -> Rule:
    return Rule.model_validate(data.read(f"rules/{name}"))
