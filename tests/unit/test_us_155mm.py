"""The shipped case us-155mm-2022: what its ledger may not do to its numbers, and how it comes out."""

from __future__ import annotations

import csv
import datetime
import shutil
from pathlib import Path

import numpy as np
import pytest

from materiel.analysis.scoring import score
from materiel.case.files import shelf
from materiel.forecasting import freeze
from materiel.options import Options, Reading
from materiel.study import load

CASE = "us-155mm-2022"
AS_OF = datetime.date(2023, 8, 15)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(shelf() / CASE, tmp_path / CASE)


def test_no_announced_target_moves_a_draw():
    """They say what an answer would be; the same voices move numbers when they say what is made."""
    study = load(CASE)
    case = study.case()
    targets = tuple(name for name in case.ledger.claims if name.startswith("target-"))
    assert len(targets) >= 10
    whole, without, unheard = (study.run(draws=64, drop=drop) for drop in ((), targets, ("army-output",)))
    for name, answer in whole.questions.items():
        assert np.array_equal(answer.values, without.questions[name].values), name
    assert not np.array_equal(whole.questions["output-2024-12"].values, unheard.questions["output-2024-12"].values)


def test_what_came_later_is_nowhere_before(copy: Path):
    (copy / "claims.later.yaml").unlink()
    with (copy / "observations.csv").open(encoding="utf-8", newline="") as file:
        names, *rows = csv.reader(file)
    known = names.index("known")
    earlier = [row for row in rows if row[known] <= str(AS_OF)]
    assert len(earlier) < len(rows)
    with (copy / "observations.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([names, *earlier])
    bare, whole = (load(where).again(Options(Reading(as_of=AS_OF), 64, 1)) for where in (copy, CASE))
    assert bare.judgements == whole.judgements
    for name, answer in whole.questions.items():
        assert np.array_equal(answer.values, bare.questions[name].values), name


def test_more_charges_never_make_fewer_rounds():
    """Draw by draw: the scarcest stage sets the pace, so that orders for charges lift output where charges are scarce, and only there."""
    found = load(CASE).run(draws=500)
    late, early = (np.asarray(found.questions[name].values) for name in ("rounds-made", "rounds-made-balanced"))
    assert np.mean(early < late * (1 - 1e-9)) < 0.01  # but where a draw has charges ordered before bodies, far out in its range of days
    lifted = early > late * (1 + 1e-6)
    assert 0.1 < np.mean(lifted) < 0.9
    scarce = np.asarray(found.questions["charges-per-projectile-2024"].values)
    assert np.median(scarce[lifted]) < np.median(scarce[~lifted])


def test_it_comes_out_by_the_rules(copy: Path):
    """The army's own count settles output; what only one promised for the end of 2025 settles nothing."""
    freeze(load(copy), draws=200)
    found = score(copy, datetime.date(2026, 11, 26))
    assert {one.question: one.outcome.value for one in found.scored} == {
        "output-2023-12": 28_000, "output-2024-12": 40_000, "charges-2024-09": 18_000, "us-sent-2023-12": 2e6, "us-sent-2024-12": 3e6,
        "eu-sent-2024-03": 500_000, "eu-output-2024-06": 1e6,
    }  # fmt: skip
    assert {one.question for one in found.open} == {"output-2025-12", "eu-output-2025-12"}
    assert {one.outcome.by.speaker for one in found.scored if one.question.startswith("output")} == {"US Army, counts and plans of its ammunition works"}
