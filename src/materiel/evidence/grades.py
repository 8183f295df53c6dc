"""What a grade does to a number: named, documented, replaceable rules.

The rule `plain`, the default, reasons as follows. A base stands for one informed voice and has strength 1. A claim's strength is the product of two
factors, one for the source's reliability and one for the item's credibility; a claim from a completely reliable source that is confirmed counts
three times the base, one that is fairly reliable and possibly true about as much as the base, and one from an unreliable source hardly at all. Weights are strengths divided
by their sum, so that claims take weight from the base and more claims take more. "Cannot be judged" (F, 6) counts as a poor grade, not as a good one.

A claim that gives one value without a range is spread by its credibility alone: a 90 % interval from value / k to value * k. The factors k are round numbers
about the size of the disagreements between counts of one thing in this project's own data (container counts of one week differ by half, fire rates by four).
"""

from __future__ import annotations

from dataclasses import dataclass

from materiel.quantities import Distribution


@dataclass(frozen=True)
class Rule:
    """How grades become weights and widths: strength by reliability and credibility, spread of a bare value by credibility."""

    name: str
    reliability: dict[str, float]
    credibility: dict[int, float]
    spread: dict[int, float]

    def strength(self, reliability: str, credibility: int) -> float:
        """Return the strength of a claim against a base of strength 1."""
        return self.reliability[reliability] * self.credibility[credibility]

    def widen(self, value: Distribution, credibility: int, *, share: bool) -> Distribution:
        """Return the distribution of a claim: its own range if it gave one, else its value spread by its credibility.

        Shares are spread in odds, so that they stay shares; a value of nought stays a constant, for no factor can spread it.
        """
        centre, k = value.values[0], self.spread[credibility]
        if not value.constant or centre == 0:
            return value
        if share and 0 < centre < 1:
            odds = centre / (1 - centre)
            return Distribution("logit", (0.05, 0.95), (odds / k / (1 + odds / k), odds * k / (1 + odds * k)))
        if share or centre < 0:
            return value
        return Distribution("log", (0.05, 0.95), (centre / k, centre * k))


PLAIN = Rule(
    name="plain",
    reliability={"A": 1.5, "B": 1.2, "C": 1.0, "D": 0.5, "E": 0.2, "F": 0.3},
    credibility={1: 2.0, 2: 1.5, 3: 1.0, 4: 0.5, 5: 0.2, 6: 0.3},
    spread={1: 1.1, 2: 1.25, 3: 1.5, 4: 2.0, 5: 3.0, 6: 3.0},
)
