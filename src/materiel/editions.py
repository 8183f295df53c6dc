"""Runs as editions of one another: side by side, why they differ, and what a report is held against."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from materiel import language as languages
from materiel.analysis import comparison, pairing
from materiel.analysis.comparison import Change, Comparison
from materiel.report.telling import Before
from materiel.study import Run, without


def compare(runs: Sequence[Run], labels: Sequence[str], only: Sequence[str] = ()) -> Comparison:
    """Return runs side by side, each against the first draw by draw, and why each differs from the one before: what was revised, and what each claim that arrived does.

    The later of two runs is repeated without the claims that arrived, so that the effect of revised assumptions stands apart. `only` names the questions
    accounted for (the key ones if empty).
    """
    editions = [comparison.Edition(label, run.case, run.questions, run.inputs, run.options.seed) for label, run in zip(labels, runs, strict=True)]
    wanted = list(only) or [name for name, answer in runs[-1].questions.items() if answer.asked.key]
    changes: list[Change] = []
    for (before, after), (first, run) in zip(itertools.pairwise(editions), itertools.pairwise(runs), strict=True):
        differ = _differences(first, run)
        changes.append(comparison.change(before, after, without(run, tuple(wanted)), [] if differ else wanted, differ))
    first, *others = [pairing.Side(label, run.case, run.questions, run.options.draws, run.options.seed) for label, run in zip(labels, runs, strict=True)]
    return comparison.Comparison(list(labels), comparison.rows(editions), changes, [pairing.paired(first, other) for other in others])


def _differences(before: Run, after: Run) -> list[str]:
    """Return in what two runs differ besides the day: then neither claims nor revisions explain their answers."""
    a, b = before.options, after.options
    pairs = {
        "case": (before.case.digest, after.case.digest), "scenario": (a.reading.scenario, b.reading.scenario), "what is set": (sorted(a.reading.set), sorted(b.reading.set)), "step": (before.case.step, after.case.step),
        "rules": (before.case.rule, after.case.rule), "claims left out": (a.reading.drop, b.reading.drop), "independence": (a.reading.independent, b.reading.independent),
        "draws": (a.draws, b.draws), "seed": (a.seed, b.seed),
    }  # fmt: skip
    return [name for name, (one, other) in pairs.items() if one != other] + (["days that go back"] if after.case.as_of < before.case.as_of else [])


def before(earlier: Run, later: Run, language: str = languages.DEFAULT) -> Before:
    """Return an earlier run as the edition that a later report is held against."""
    labels = [languages.load(language).date(run.case.as_of) for run in (earlier, later)]
    return Before(earlier.curves, labels[0], compare([earlier, later], labels))


def baseline(run: Run) -> Before:
    """Return a run without the scenario of a report as what its figures are held against."""
    return Before(run.curves)
