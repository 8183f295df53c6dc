"""Other beliefs from the same draws: against pools without a voice, closed forms, and the script of the page."""

from __future__ import annotations

import base64
import dataclasses
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import materiel
from materiel import portable
from materiel.analysis import beliefs
from materiel.case.loading import load
from materiel.network import build
from materiel.quantities import Distribution
from materiel.report.html import tell

SCRIPT = Path(materiel.__file__).parent / "report" / "templates" / "beliefs.js"
RNG = np.random.default_rng(3)


@pytest.mark.parametrize(
    "curve", [Distribution("log", (0.05, 0.95), (2.0, 50.0)), Distribution("linear", (0.05, 0.5, 0.95), (-3.0, 1.0, 2.0)), Distribution("logit", (0.1, 0.9), (0.2, 0.7))]
)  # fmt: skip
def test_a_density_is_the_slope_of_what_lies_below(curve):
    u = np.linspace(0.01, 0.99, 300)
    x, step = curve.quantile(u), 1e-6
    slopes = (curve.quantile(u + step) - curve.quantile(u - step)) / (2 * step)
    kinks = np.min(np.abs(u[:, None] - np.array(curve.probabilities)), axis=1) < 1e-4
    assert curve.density(x)[~kinks] == pytest.approx(1 / slopes[~kinks], rel=1e-4)


def test_a_density_is_nought_off_its_scale():
    assert not Distribution("log", (0.05, 0.95), (2.0, 50.0)).density(np.array([-1.0, 0.0])).any()
    assert not Distribution("logit", (0.1, 0.9), (0.2, 0.7)).density(np.array([-1.0, 0.0, 1.0, 2.0])).any()
    log = Distribution("log", (0.05, 0.95), (2.0, 50.0))
    assert log.density(np.array([10.0]))[0] == pytest.approx(stats.lognorm.pdf(10.0, np.log(25) / 2 / stats.norm.ppf(0.95), scale=10.0))


@pytest.mark.parametrize("name", ["dprk-2023", "britain-1915"])
def test_a_voice_that_is_not_trusted_weighs_as_if_it_had_said_nothing(name):
    """For every number and every voice of the case, in pools in pools as well."""
    numbers = {
        prior.stream: prior for _, whole in build(load(name)).priors for prior in (whole.mix or (whole,)) if prior.pool is not None and prior.pool.heard()
    }
    checked = 0
    for one in beliefs.heard(list(numbers.values()), 1, 50):
        prior = numbers[one.stream]
        assert one.trusted({}) == pytest.approx(one.weights)
        for origin in {origin for origins in one.origins for origin in origins}:
            left = prior.pool.without(prior.pool.voiced.get(origin, [])).parts()
            kept = [(weight, part) for weight, part in zip(one.trusted({origin: 0.0}), prior.parts, strict=True) if weight > 0]
            if {part.distribution for _, part in kept} != {part.distribution for part in left}:
                continue  # without its first claim a voice is graded anew
            by_said = {part.distribution: part.weight for part in left}
            assert [weight for weight, _ in kept] == pytest.approx([by_said[part.distribution] for _, part in kept])
            checked += 1
    assert checked > 20


def pooled(tmp_path):
    """Return a case with one number, of which a base and two voices speak, a question that is that number, and one of a day that comes in some draws only."""
    (tmp_path / "case.yaml").write_text(
        """
format: 1
title: A store
start: 2023-01-01
end: 2023-12-31
as_of: 2023-06-30
items: {shell: {unit: round}}
sources:
  one: {publisher: One, title: One, published: 2023-01-01, reliability: B}
  two: {publisher: Two, title: Two, published: 2023-01-01, reliability: C}
claims:
  first: {source: one, statement: many, value: 60 kround, published: 2023-01-01, known: 2023-01-01, kind: reported, credibility: 2, origin: staff}
  second: {source: two, statement: few, value: 9 kround, published: 2023-01-01, known: 2023-01-01, kind: reported, credibility: 3, origin: paper}
origins: {staff: {title: The staff}, paper: {title: The paper}}
actors:
  north:
    stockpiles: {shell: {item: shell, initial: {base: 5 to 80 kround, because: for the test, claims: [first, second]}}}
    demands: {army: {item: shell, rate: {constant: 100 round/day, because: for the test}}}
questions:
  held: {text: Rounds held, judgement: more than 40000 are held, value: north.stockpiles.shell.held, at: 2023-01-01, threshold: {above: 40 kround}, key: true}
  empty: {text: Days until it is empty, judgement: it is empty in half a year, first: north.stockpiles.shell.held, below: 100 round, threshold: {below: 182 day}, key: true}
""",
        encoding="utf-8",
    )
    return materiel.load(tmp_path)


@pytest.mark.parametrize("trust", [{"staff": 0.0}, {"paper": 0.0}, {"staff": 0.0, "paper": 0.0}, {"staff": 3.0}])
def test_weighed_draws_say_what_a_run_without_a_voice_says(tmp_path, trust):
    study = pooled(tmp_path)
    run = study.run(draws=4000)
    numbers = beliefs.heard(run.inputs["held"].heard, 1, 4000)
    weights = beliefs.weights(numbers, trust, 4000)
    assert weights.mean() == pytest.approx(1, abs=4 * weights.std() / np.sqrt(4000))
    effective = weights.sum() ** 2 / (weights**2).sum()
    assert effective > 1000
    met = float(weights[run.questions["held"].values > 40_000].sum() / weights.sum())
    if trust == {"staff": 3.0}:
        (one,) = numbers
        prior = run.inputs["held"].heard[0]
        x = np.linspace(40_000, 400_000, 20_001)
        density = sum(w * part.distribution.density(x) for w, part in zip(one.trusted(trust), prior.parts, strict=True))
        wanted = float(np.trapezoid(density, x))
    else:
        wanted = study.run(draws=4000, seed=2, drop=tuple(trust)).questions["held"].probability
    assert met == pytest.approx(wanted, abs=4 * np.sqrt(met * (1 - met)) * (1 / np.sqrt(effective) + 1 / np.sqrt(4000)))


def test_shares_are_probabilities_and_mean_the_weights(tmp_path):
    (one,) = beliefs.heard(pooled(tmp_path).run(draws=4000).inputs["held"].heard, 1, 4000)
    assert one.shares.sum(axis=0) == pytest.approx(1)
    assert one.shares.mean(axis=1) == pytest.approx(one.weights, abs=4 * 0.5 / np.sqrt(4000))


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.parametrize("question", ["held", "empty"])
def test_the_script_of_the_page_weighs_as_numpy_does(tmp_path, question):
    """Quantiles of days that never come are infinite in both, which JSON writes as nothing."""
    run = pooled(tmp_path).run(draws=1000)
    (panel,) = (block for block in beliefs_section(run).blocks if type(block).__name__ == "Panel")
    data = json.loads(json.dumps(panel.data, allow_nan=False))
    held = beliefs.heard(run.inputs[question].heard, 1, 1000)
    numbers = [dataclasses.replace(one, shares=one.shares.astype("<f4").astype(np.float64)) for one in held]  # as the page carries them
    trusts = [[float(t) for t in RNG.choice([0.0, 0.25, 1.0, 3.0], len(data["voices"]))] for _ in range(20)]
    (about,) = (one for one in data["answers"] if one["id"] == question)
    program = f"""{SCRIPT.read_text(encoding="utf-8")}
const data = {json.dumps(data)}, values = beliefs.numbers(data.values["{question}"]), sorted = beliefs.order(values);
const parts = data.behind["{question}"].map((at) => ({{ ...data.numbers[at], shares: beliefs.shares(data.numbers[at].shares) }}));
console.log(JSON.stringify({json.dumps(trusts)}.map((trust) => beliefs.answered(values, sorted, beliefs.weights(parts, trust, data.draws), {json.dumps(about["threshold"])}))));"""
    found = json.loads(subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True).stdout)  # noqa: S607
    values, origins = run.questions[question].values, [next(o for o in ("staff", "paper") if o.title() in voice["name"].title()) for voice in data["voices"]]
    side, bound = about["threshold"]
    met = values > bound if side == "above" else values < bound
    for trust, one in zip(trusts, found, strict=True):
        weights = beliefs.weights(numbers, dict(zip(origins, trust, strict=True)), 1000)
        wanted = portable.weighted_quantiles(values, weights, [0.05, 0.5, 0.95])
        assert [np.inf if said is None else said for said in one["quantiles"]] == pytest.approx(wanted)
        assert one["probability"] == pytest.approx(weights[met].sum() / weights.sum(), abs=1e-6)
        assert one["effective"] == pytest.approx(weights.sum() ** 2 / (weights**2).sum(), rel=1e-6)
    assert len({one["probability"] for one in found}) == len(set(map(tuple, trusts))), "probabilities move"


def test_an_answer_that_never_comes_in_some_draws_is_in_the_page(tmp_path):
    run = pooled(tmp_path).run(draws=1000)
    (panel,) = (block for block in beliefs_section(run).blocks if type(block).__name__ == "Panel")
    assert np.isinf(run.questions["empty"].values).any()
    (about,) = (one for one in panel.data["answers"] if one["id"] == "empty")
    assert about["missing"] == "never"
    assert about["quantiles"][2] is None
    assert about["probability"] == run.questions["empty"].probability


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_script_of_the_page_puts_what_never_comes_last():
    values = RNG.choice([3.0, np.inf, -np.inf, 7.5, 1.0], 200)
    packed = base64.b64encode(values.astype("<f8").tobytes()).decode()
    program = f"{SCRIPT.read_text(encoding='utf-8')}\nconsole.log(JSON.stringify([...beliefs.order(beliefs.numbers('{packed}'))]));"
    found = json.loads(subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True).stdout)  # noqa: S607
    assert found == np.argsort(values, kind="stable").tolist()


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_script_of_the_page_works_out_odds():
    readings = [{"evidence": -17.7}, {"evidence": -16.9}, {"evidence": -900.0}]
    program = f"{SCRIPT.read_text(encoding='utf-8')}\nconsole.log(JSON.stringify(beliefs.posterior({json.dumps(readings)}, [25, 30, 45])));"
    found = json.loads(subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True).stdout)  # noqa: S607
    odds = np.array([25, 30, 45]) * np.exp([-17.7, -16.9, -900.0])
    assert found == pytest.approx(odds / odds.sum())


def beliefs_section(run):
    """Return the section of the report."""
    from materiel.report.beliefs import section

    return section(tell(run))
