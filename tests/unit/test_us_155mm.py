"""The shipped case us-155mm-2022: what its ledger may not do to its numbers, and how it comes out."""

from __future__ import annotations

import csv
import datetime
import shutil
from pathlib import Path

import numpy as np
import pytest

from materiel.analysis.scoring import score
from materiel.case.checks import numbers
from materiel.case.files import shelf
from materiel.equations import NEVER
from materiel.evidence.conversions import foretold
from materiel.forecasting import freeze
from materiel.options import Options, Reading
from materiel.study import load

CASE = "us-155mm-2022"
AS_OF = datetime.date(2023, 8, 15)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(shelf() / CASE, tmp_path / CASE, ignore=shutil.ignore_patterns("forecasts"))


def test_announced_targets_move_what_new_works_add_and_nothing_else():
    """One of them is heard there, as what came of such promises; the others say what an answer would be."""
    study = load(CASE)
    targets = tuple(name for name in study.case().ledger.claims if name.startswith("target-"))
    assert len(targets) >= 10
    case = study.case(Reading(drop=targets))
    assert {name for name, prior in numbers(study.case()).items() if prior.parts != numbers(case)[name].parts} == {"shared.new-works"} | {
        f"usa.directives.{name}.acts.lines.{line}.target.multiply" for name, line in (("new-bodies", "bodies"), ("new-loading", "loading"))
    }
    heard, word, none = (numbers(study.case(how))["shared.new-works"] for how in (Reading(), Reading(rules="face-value"), Reading(drop=targets)))
    assert none.percentiles([50]) < heard.percentiles([50]) < word.percentiles([50])
    assert heard.percentiles([95])[0] - heard.percentiles([5])[0] > none.percentiles([95])[0] - none.percentiles([5])[0]


def test_promises_of_growth_by_a_day_are_discounted():
    case = load(CASE).case()
    bare = {name for name, one in case.ledger.claims.items() if name.startswith("target-") and not one.promised}
    assert bare == {"target-28000-soon", "target-rheinmetall", "target-eu-million"}  # no day; a total to be sent
    for name, one in case.ledger.claims.items():
        if one.promised:
            assert foretold(case.ledger, case.rule, name).growth > 0, name


def test_growth_is_told_once():
    """Ramps that are counted from an order leave its directive no delay; a multiple that is documented leaves no order. No day lets the case learn from its own surge."""
    study = load(CASE)
    for day in (AS_OF, datetime.date(2026, 11, 26)):
        for scenario in ("", "documented-surges"):
            case = study.case(Reading(as_of=day, scenario=scenario))
            lines = [case.components[f"usa.lines.{name}"].numbers for name in ("bodies", "loading", "charges")]
            orders = [case.components[f"usa.directives.{name}"] for name in ("more-shifts", "new-bodies", "new-loading", "new-charges")]
            assert all("those of 2022- left out" in line["ramp_time"].because for line in lines)
            assert {one.numbers["delay"].percentiles([50])[0] for one in orders} == {0.0}
            assert {line["target"].constant for line in lines} == {not scenario}
            assert {one.numbers["date"].percentiles([50])[0] == NEVER for one in orders} == {bool(scenario)}


def test_own_ramps_are_those_of_the_case_before():
    """Beside which the case is shown: delays are back where ramps count from the first change."""
    case = load(CASE).case(Reading(scenario="own-ramps"))
    assert all("surges" not in case.components[f"usa.lines.{name}"].numbers["ramp_time"].because for name in ("bodies", "loading", "charges"))
    assert all(case.components[f"usa.directives.{name}"].numbers["delay"].percentiles([5])[0] > 0 for name in ("more-shifts", "new-bodies", "new-charges"))


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
