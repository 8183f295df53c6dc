"""The grid of the Analysis of Competing Hypotheses (Heuer, Psychology of Intelligence Analysis, 1999, chapter 8), as a view of likelihoods: nothing reads it.

A row is one thing seen, a column a hypothesis. A mark says how much better or worse the hypothesis expects that row, taken alone, than the others do on average: the weight of
evidence for it against all others alike probable (Good, 1950), which hangs on no prior. Its steps are those of Kass and Raftery (Journal of the American Statistical Association,
1995): a ratio below 3 is not worth more than a bare mention, one above 20 is strong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from materiel.analysis import odds
from materiel.analysis.odds import Evidence

MENTION, STRONG = math.log2(3), math.log2(20)
"""Bits from which a row speaks for or against a hypothesis, and speaks strongly."""


@dataclass(frozen=True)
class Line:
    """One row: what was seen, and the weight of evidence for each hypothesis in bits; `sound` says whether enough runs come near it.

    `diagnosticity` is the weight of evidence between the two hypotheses that it tells apart best, in bits.
    """

    text: str
    bits: dict[str, float]
    diagnosticity: float
    sound: bool

    @property
    def marks(self) -> dict[str, str]:
        """The mark of each hypothesis: CC, C, N, I or II, or a question mark where too few runs come near what was seen."""
        return {name: mark(value) if self.sound else "?" for name, value in self.bits.items()}

    def json(self) -> dict[str, Any]:
        """Return the row as plain data."""
        return {"seen": self.text, "marks": self.marks, "bits": self.bits, "diagnosticity": self.diagnosticity, "sound": self.sound}


def line(text: str, evidence: Mapping[str, Evidence]) -> Line:
    """Return the row of something seen from its evidence under each hypothesis."""
    logs = {name: one.log for name, one in evidence.items()}
    even = 1 / len(logs)
    found = odds.posteriors(dict.fromkeys(logs, even), logs)
    widest = (max(logs.values()) - min(logs.values())) / math.log(2) if max(logs.values()) > -math.inf else 0.0
    return Line(text, {name: odds.bits(one, even) for name, one in found.items()}, min(widest, 50.0), all(one.sound for one in evidence.values()))


def mark(bits: float) -> str:
    """Return the mark for so many bits: very consistent, consistent, neither, inconsistent, very inconsistent."""
    if abs(bits) < MENTION:
        return "N"
    return ("C" if bits > 0 else "I") * (2 if abs(bits) >= STRONG else 1)
