"""What a reader may believe instead: whose word is listened to, and how likely each reading was before. The page weighs stored draws anew, and holds no distribution."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from materiel.analysis import beliefs, drivers, lineage, words
from materiel.analysis.beliefs import Heard
from materiel.analysis.questions import Answer
from materiel.language.phrase import identifier, joined
from materiel.report.blocks import Panel, Paragraph, Section
from materiel.report.rivalry import CERTAIN
from materiel.report.telling import Telling

Array = npt.NDArray[np.float64]

MOST_DRAWS = 4000
"""Draws of a run that a page carries at most."""
WORDS = (
    "question", "reported", "believed now", "draws that count", "too few draws", "as it was", "before", "after", "not heard", "as graded", "times as much", "semicolon",
)  # fmt: skip
"""What the page says of it, out of the catalogue."""


def section(telling: Telling) -> Section:
    """Return what a reader may move; nothing where neither a voice nor a hypothesis bears on a key answer."""
    answers = {key: telling.run.questions[key] for key in telling.keys if not np.isnan(telling.run.questions[key].values).any()}
    voices, readings = _voices(telling, answers), _readings(telling, answers)
    told = [telling.say("about beliefs", command=identifier("materiel run --drop")), *([telling.say("about readings")] if readings else [])]
    panels = [panel for panel in (voices, readings) if panel is not None]
    return Section("beliefs", telling.say("believe otherwise"), [Paragraph(joined(told, " "), "soft"), *panels] if panels else [])


def _voices(telling: Telling, answers: Mapping[str, Answer]) -> Panel | None:
    """Return the voices that the leading numbers behind the answers listen to, how likely every draw comes from each, and the answers draw by draw."""
    if not answers:
        return None
    count = min(MOST_DRAWS, *(len(one.values) for one in answers.values()))
    leading = {key: drivers.visible(telling.run.inputs[key], one.values) for key, one in answers.items()}
    priors = [prior for key in answers for prior in telling.run.inputs[key].heard if prior.stream in leading[key]]
    numbers = beliefs.heard(priors, int(telling.run.manifest()["seed"]), count)
    spoken = sorted({origin for one in numbers for origins in one.origins for origin in origins}, key=lambda origin: (-_reach(numbers, origin), origin))
    if not spoken:
        return None
    data = _shared(telling, answers) | {
        "draws": count,
        "voices": [{"name": _called(telling, origin, spoken), "numbers": _about(telling, numbers, origin)} for origin in spoken],
        "numbers": [_number(one, spoken) for one in numbers],
        "behind": {key: [i for i, one in enumerate(numbers) if one.stream in leading[key]] for key in answers},
        "values": {key: _packed(one.values[:count]) for key, one in answers.items()},
    }
    return Panel("voices", telling.say("whose word counts"), data)


def _readings(telling: Telling, answers: Mapping[str, Answer]) -> Panel | None:
    """Return the rival readings with their prior odds and their evidence, and what each leaves of the answers, draw by draw."""
    found = telling.rivals if telling.case.hypotheses else ""
    if isinstance(found, str):
        return None
    shown = {key: one for key, one in answers.items() if all(key in values for values, _ in found.left.values())}
    data = _shared(telling, shown) | {
        "readings": [
            {"name": str(telling.texts.hypothesis(one)), "prior": standing.prior, "evidence": standing.evidence.log, "weights": _packed(found.left[one][1])}
            for one, standing in found.standings.items()
        ],
        "values": {key: [_packed(found.left[one][0][key]) for one in found.standings] for key in shown},
    }
    return Panel("readings", telling.say("which reading"), data)


def _shared(telling: Telling, answers: Mapping[str, Answer]) -> dict[str, Any]:
    return {
        "language": telling.language.name, "fewest": lineage.FEWEST, "words": {key: telling.word(key) for key in WORDS} | {"percent": telling.word("percent", n="#"), "below": words.percent(0.0, CERTAIN, telling.language), "above": words.percent(1.0, CERTAIN, telling.language)},
        "answers": [
            {"id": key, "text": str(telling.asked(key)), "unit": telling.language.unit(one.asked.unit), "counted": telling.language.counted(telling.language.unit(one.asked.unit)), "threshold": one.asked.threshold,
             "missing": telling.word("no day" if one.asked.form == "first" else "no bound"), "quantiles": [one.quantiles[5], one.quantiles[50], one.quantiles[95]], "probability": one.probability}
            for key, one in answers.items()
        ],
    }  # fmt: skip


def _number(one: Heard, spoken: list[str]) -> dict[str, Any]:
    return {
        "shares": [_packed(row, "<f4") for row in one.shares], "weights": one.weights.tolist(), "levels": one.levels.tolist(),
        "voices": [[spoken.index(origin) for origin in origins] for origins in one.origins],
    }  # fmt: skip


def _called(telling: Telling, origin: str, spoken: list[str]) -> str:
    """Return the name of an origin; of several documents of one publisher, with its title."""
    name = str(telling.texts.origin(origin))
    alike = [one for one in spoken if str(telling.texts.origin(one)) == name]
    source = telling.case.ledger.sources.get(origin)
    return f"{name}{telling.colon}{source.title}" if len(alike) > 1 and source else name


def _reach(numbers: list[Heard], origin: str) -> float:
    """Return how much of all numbers listens to an origin."""
    return sum(float(weight) for one in numbers for weight, origins in zip(one.weights, one.origins, strict=True) if origin in origins)


def _about(telling: Telling, numbers: list[Heard], origin: str) -> str:
    """Return the numbers that an origin speaks of, for people."""
    named = [str(telling.texts.number(one.stream)) for one in numbers if any(origin in origins for origins in one.origins)]
    return telling.semicolon.join(named[:3]) + (" …" if len(named) > 3 else "")


def _packed(values: Array, as_type: str = "<f8") -> str:
    """Return numbers as the page unpacks them: little-endian, of eight or four bytes, in base 64."""
    return base64.b64encode(values.astype(as_type).tobytes()).decode()
