"""Fit the surge model to the library and ship what it learned: `make surges`.

The model is the component `line`, run by the JAX reading, with numbers that differ by class of item, by country at war and by surge. It is fitted in two stages (after Lunn,
Barrett, Sweeting and Thompson, Applied Statistics 62, 2013). First every surge alone: lines with numbers from a wide law are held against its figures, and their likelihood is
written as a sum of normal laws, its hills. Then what surges have in common, by NUTS (NumPyro): a hill times a normal law has an integral in closed form, so that the
likelihood of what is common is smooth and no line is run again. The first stage looks at each surge alone; in the second a set has chains of its own, drawn, settled and tuned
without the surges that it leaves out.
"""

from __future__ import annotations

import argparse
import csv
import functools
import multiprocessing
import operator
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import numpyro
import numpyro.distributions as dist
from jax.scipy.special import logsumexp
from numpyro.diagnostics import effective_sample_size, split_gelman_rubin
from numpyro.infer import MCMC, NUTS
from sklearn.mixture import GaussianMixture

from materiel.engine import traced
from materiel.surges import common, kinds, library, lines, ramps
from materiel.surges.library import Surge

Array = npt.NDArray[np.float64]

WIDE_MIDDLE = np.log([15.0, 365.0, 90.0, 0.2, 0.3, 12.0, 0.3])
WIDE_SPREAD = np.array([2.5, 1.0, 0.6, 0.9, 0.8, 0.9, 0.9])
"""The wide law of the logarithms of a line's numbers, in the order of common.NAMES: wider than anything that is believed of surges in common."""
LINES, BATCH = 1_000_000, 4_000
"""Lines that are tried; at a time."""
HILLS, LIKELY = 60, 20_000
"""Normal laws that the likelihood of a surge is written as; lines, drawn by their likelihood, that these are fitted to."""
WIDEST = 0.98
"""Variance of a hill, as a share of the wide law's, at most: where figures tell nothing, both are equal, and what is left of their ratio would be flat without end."""

CHECKED, FAR = 20, 12.0
"""Draws at which hills are held against all lines; how far below the likeliest, in logarithms, a line is passed over."""

WARMUP, DRAWS, CHAINS = 200, 300, 4
ROUNDS, PROCESSES = 2, 2
"""Times that chains are continued by as many draws, at most; sets that are fitted at a time, each on one thread."""
KEPT = 200
"""Draws that are shipped of each set."""
MOST_R_HAT, FEWEST_EFFECTIVE = 1.02, 200
"""Beyond these a fit is weak: no case takes a prior from it."""

PRIORS: dict[str, dist.Distribution] = {
    # threefold within a factor of five; a year within three; three months within two; output strays by a fifth, a third of it in one figure, fading over a year; demand gone, it falls by a third a month
    "middle": dist.Normal(np.log([3.0, 365.0, 90.0, 0.2, 0.3, 12.0, 0.3]), np.array([1.0, 0.7, 0.4, 0.7, 0.7, 0.7, 0.7])),
    # a new plant begins with next to nothing, a hundredth of what it is built for within a factor of seven; whether it is slower is left open
    "new": dist.Normal(np.array([3.5, 0.0]), np.array([1.0, 0.5])),
    # what it makes in its first month is an accident, a tenth or a thousandth of that: so its multiple differs by far more than that of a plant that is there
    "of_new": dist.HalfNormal(1.5),
    # classes differ by less than surges of one class do
    "of_class": dist.HalfNormal(np.array([0.5, 0.3, 0.3])),
    # surges of one ministry rise together
    "of_group": dist.HalfNormal(np.array([0.5, 0.5])),
    # lead times differ least, for figures of output hardly tell them; none by more than in the wide law, beyond which the lines that were tried tell nothing
    "of_surge": dist.TruncatedNormal(0.0, np.array([1.0, 0.5, 0.3, 0.5, 0.3, 0.5, 0.5]), low=0.0, high=WIDE_SPREAD),
    # multiple and ramp time: the inverse hyperbolic tangent of their correlation
    "together": dist.Normal(0.0, 0.5),
}
"""What is believed of what surges have in common before any figure, with the reason beside it."""


# ------------------------------------------------------------------ every surge alone


class Hills(NamedTuple):
    """The likelihood of each surge as a sum of normal laws of the logarithms of a line's numbers: log weights (surges, hills), middles and variances (numbers, surges, hills)."""

    log_weights: Array
    middles: Array
    variances: Array


def tried(surges: Sequence[Surge], seed: int) -> tuple[Array, Array]:
    """Return lines of the wide law, scores of shape (lines, numbers), and their log-likelihoods by each surge alone, shape (surges, lines)."""
    rng = np.random.default_rng(seed)
    scores, likely = rng.standard_normal((LINES, len(common.NAMES))), np.empty((len(surges), LINES))
    run = _compiled()
    for first in range(0, LINES, BATCH):
        here = slice(first, first + BATCH)
        line = dict(zip(common.NAMES, np.exp(WIDE_MIDDLE + WIDE_SPREAD * scores[here]).T, strict=True))
        whole = ramps.so_far(run({name: line[name] for name in ramps.NUMBERS}))
        likely[:, here] = [lines.log_likelihood(one, line, whole) for one in surges]
    return scores, likely


def hills(scores: Array, likely: Array) -> Hills:
    """Return likelihoods as hills, from lines as `tried` gives them."""
    log_weights, *laws = zip(*(_hills(scores, one, seed) for seed, one in enumerate(likely)), strict=True)
    return Hills(np.stack(log_weights), *(np.moveaxis(np.stack(each), -1, 0) for each in laws))


def _hills(scores: Array, likely: Array, seed: int) -> tuple[Array, Array, Array]:
    """Return the hills of one surge: a mixture of normal laws is fitted to lines drawn by their likelihood, and each is divided by the wide law that lines came from."""
    weights = np.exp(likely - likely.max())
    drawn = scores[np.random.default_rng(seed).choice(len(scores), LIKELY, p=weights / weights.sum())]
    found = GaussianMixture(HILLS, covariance_type="diag", reg_covar=1e-3, max_iter=60, random_state=seed).fit(drawn)
    narrow = np.minimum(found.covariances_, WIDEST)
    variances = 1 / (1 / narrow - 1)
    middles = variances * found.means_ / narrow
    ratio = 0.5 * (np.log(variances / narrow) + middles**2 / variances - found.means_**2 / narrow + np.log(2 * np.pi))
    return np.log(found.weights_) + ratio.sum(axis=1), WIDE_MIDDLE + WIDE_SPREAD * middles, WIDE_SPREAD**2 * variances


def _compiled() -> Any:
    built, slot = ramps.program()
    simulated = traced.simulate(built, ramps.STEPS, 1, [slot], ramps.STEP)
    run = jax.jit(lambda given: simulated(ramps.numbers(given, jnp))[:, 0])
    return lambda given: np.asarray(run({name: jnp.asarray(value) for name, value in given.items()}))


# ------------------------------------------------------------------ what they have in common


def model(hilly: Hills, surges: Sequence[Surge], learned: Any) -> None:
    """Declare what surges have in common; `learned` is true where a surge counts, shape (surges,)."""
    names, classes = np.unique([one.item for one in surges], return_inverse=True)
    new = np.array([common.NEW[one.plant] for one in surges])
    groups = np.unique([one.group for one in surges], return_inverse=True)[1]
    made = {name: numpyro.sample(name, prior) for name, prior in PRIORS.items()}
    by_class = numpyro.deterministic("by_class", _scaled("class", len(names), jnp.ones(3)) * made["of_class"])
    # figures tell ramp times of a ministry well and its multiples badly, and chains mix best when the former are sampled as they are, the latter in units of their spread
    by_group = numpyro.deterministic(
        "by_group", _scaled("group", int(groups.max()) + 1, jnp.stack([1.0, made["of_group"][1]])) * jnp.stack([made["of_group"][0], 1.0])
    )
    expected = common.expected(made["middle"], made["new"], by_class[classes].T, by_group[groups].T, new, jnp)
    spread = common.spread(made["of_surge"], made["of_new"], new, jnp)
    each = log_marginal(hilly, expected, spread, jnp.tanh(made["together"]))
    numpyro.factor("figures", jnp.sum(jnp.where(learned, each, 0.0)))


def log_marginal(hilly: Hills, expected: Any, spread: Any, share: Any) -> Any:
    """Return the log-likelihood of what is common by each surge, shape (surges,), from what is expected of its numbers and their spread, shape (numbers, surges) each.

    It is the integral of its hills times that normal law, in which multiple and ramp time have the correlation `share`.
    """
    off, variances = hilly.middles - expected[..., None], hilly.variances + spread[..., None] ** 2
    both = share * (spread[0] * spread[1])[:, None]
    apart = variances[0] * variances[1] - both**2
    squares = (variances[1] * off[0] ** 2 - 2 * both * off[0] * off[1] + variances[0] * off[1] ** 2) / apart
    squares += sum(one**2 / variance for one, variance in zip(off[2:], variances[2:], strict=True))
    volume = functools.reduce(operator.mul, variances[2:], apart)
    return logsumexp(hilly.log_weights - 0.5 * (squares + jnp.log(volume) + len(common.NAMES) * np.log(2 * np.pi)), axis=-1)


def _scaled(name: str, count: int, spread: Any) -> Any:
    return numpyro.sample(name, dist.Normal(jnp.zeros((count, len(spread))), spread))


def unlike(scores: Array, likely: Array, hilly: Hills, surges: Sequence[Surge], draws: dict[str, Array]) -> Array:
    """Return by how much log-likelihoods by hills stray from those by lines, from one draw of what is common to another: standard deviations, shape (surges,).

    Draws by which too few lines are likely count for nothing: there it is the lines that cannot tell.
    """
    new = np.array([common.NEW[one.plant] for one in surges])
    classes, groups = (np.unique(of, return_inverse=True)[1] for of in ([one.item for one in surges], [one.group for one in surges]))
    differ: list[Array] = []
    for at in range(0, KEPT, KEPT // CHECKED):
        law = {name: value[at] for name, value in draws.items() if name != "weak"}
        expected = common.expected(law["middle"], law["new"], law["by_class"][classes].T, law["by_group"][groups].T, new)
        spread = common.spread(law["of_surge"], law["of_new"], new)
        share = float(np.tanh(law["together"]))
        exact = np.array([_by_lines(scores, *each, share) for each in zip(likely, expected.T, spread.T, strict=True)])
        differ.append(np.asarray(log_marginal(hilly, expected, spread, share)) - exact)
    return np.nanstd(differ, axis=0)


def _by_lines(scores: Array, likely: Array, expected: Array, spread: Array, share: float) -> float:
    """Return the log-likelihood of one law by one surge, up to a constant: over lines of the wide law, their likelihood times how much likelier a line is by the law."""
    near = likely > likely.max() - FAR
    off = (WIDE_MIDDLE + WIDE_SPREAD * scores[near] - expected) / spread
    off[:, 1] = (off[:, 1] - share * off[:, 0]) / np.sqrt(1 - share**2)
    logs = likely[near] - likely.max() + 0.5 * np.sum(scores[near] ** 2 - off**2, axis=1)
    whole = float(logsumexp(logs))
    effective = np.exp(2 * whole - float(logsumexp(2 * logs)))
    return whole - float(np.sum(np.log(spread))) - 0.5 * float(np.log1p(-(share**2))) if effective > FEWEST_EFFECTIVE else float("nan")


def sampler(hilly: Hills, surges: Sequence[Surge]) -> MCMC:
    """Return the sampler of any set, each of whose chains learns its own step and masses."""
    kernel = NUTS(functools.partial(model, hilly, surges))
    return MCMC(kernel, num_warmup=WARMUP, num_samples=DRAWS, num_chains=CHAINS, chain_method="sequential", progress_bar=False, jit_model_args=True)


def beginnings(surges: Sequence[Surge], seed: int) -> dict[str, Array]:
    """Return where chains begin, without constraints, shape (chains, ...) each: apart as what is believed before any figure is, with spreads about as wide as believed."""
    rng = np.random.default_rng(seed)
    begin: dict[str, Array] = {}
    for name, prior in PRIORS.items():
        scores = rng.standard_normal((CHAINS, *prior.shape()))
        if isinstance(prior, dist.Normal):
            begin[name] = np.asarray(prior.loc + prior.scale * scores)
        elif isinstance(prior, dist.HalfNormal):
            begin[name] = np.asarray(np.log(prior.scale) + 0.3 * scores)
        else:
            begin[name] = np.asarray(prior.base_dist.scale / (WIDE_SPREAD - prior.base_dist.scale))
            begin[name] = np.log(begin[name]) + 0.3 * scores
    begin["class"] = rng.standard_normal((CHAINS, len({one.item for one in surges}), 3))
    begin["group"] = rng.standard_normal((CHAINS, len({one.group for one in surges}), 2))
    return begin


def fit(run: MCMC, surges: Sequence[Surge], chosen: common.Chosen, seed: int) -> dict[str, Array]:
    """Return draws of what the surges of a set have in common, shape (draws, ...) each; chains go on while they disagree or are too short, and `weak` says whether they do at the end."""
    begun = time.perf_counter()
    learned = np.array([chosen.learns_from(one) for one in surges])
    found, diverging, weak, rounds, key = dict[str, Array](), 0.0, True, 0, jax.random.key(seed)
    run.post_warmup_state, begin = None, beginnings(surges, seed)
    while weak and rounds < ROUNDS:
        run.run(run.post_warmup_state.rng_key if rounds else key, jnp.asarray(learned), extra_fields=("diverging",), init_params=None if rounds else begin)
        more = {name: np.asarray(value) for name, value in run.get_samples(group_by_chain=True).items() if name in {*PRIORS, "by_class", "by_group"}}
        found = {name: np.concatenate([found[name], value], axis=1) if rounds else value for name, value in more.items()}
        rounds, diverging = rounds + 1, diverging + float(np.mean(run.get_extra_fields()["diverging"]))
        r_hat = max(float(np.max(split_gelman_rubin(value))) for value in found.values())
        effective = min(float(np.min(effective_sample_size(value))) for value in found.values())
        weak = r_hat > MOST_R_HAT or effective < FEWEST_EFFECTIVE
        told = f"{chosen.name}: {learned.sum()} surges, {rounds * DRAWS} draws a chain, r-hat up to {r_hat:.3f}, effective draws from {effective:.0f}"
        sys.stdout.write(f"{told}, diverging {100 * diverging / rounds:.1f} %, {time.perf_counter() - begun:.0f} s\n")
        sys.stdout.flush()
        run.post_warmup_state = run.last_state
    draws = {name: value.reshape(-1, *value.shape[2:])[:: rounds * CHAINS * DRAWS // KEPT] for name, value in found.items()}
    return draws | {"weak": np.array(weak)}


def fit_all(hilly: Hills, surges: Sequence[Surge], seeds: dict[common.Chosen, int]) -> dict[str, dict[str, Array]]:
    """Return what `fit` does for some sets, by name."""
    numpyro.enable_x64()
    run = sampler(hilly, surges)
    return {chosen.name: fit(run, surges, chosen, seed) for chosen, seed in seeds.items()}


# ------------------------------------------------------------------ what is shipped


def main() -> int:
    """Fit all sets and write what they learned."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--try", dest="tried", action="store_true", help="fit the set of all surges only, hold hills against lines, and write nothing")
    arguments = parser.parse_args()
    numpyro.enable_x64()
    begun = time.perf_counter()
    surges = library.surges()
    scores, likely = tried(surges, 1)
    sys.stdout.write(f"{LINES} lines held against {len(surges)} surges: {time.perf_counter() - begun:.0f} s\n")
    hilly = hills(scores, likely)
    sys.stdout.write(f"{HILLS} hills each: {time.perf_counter() - begun:.0f} s\n")
    seeds = {chosen: seed for seed, chosen in enumerate(common.sets(surges))}
    every = next(iter(seeds))
    if arguments.tried:
        made = fit_all(hilly, surges, {every: 0})
        errors = unlike(scores, likely, hilly, surges, made[every.name])
        worst = int(np.nanargmax(errors))
        told = f"by {np.nanmedian(errors):.2f} at the median, by {errors[worst]:.2f} for {surges[worst].series.name}; lines cannot tell for {np.isnan(errors).sum()}"
        sys.stdout.write(f"log-likelihoods by hills and by lines differ {told}\n")
        sys.stdout.writelines(f"  {name}: {np.round(value.mean(axis=0), 2).tolist()}\n" for name, value in made[every.name].items() if name != "weak")
        return 0
    shares = [{chosen: seed for chosen, seed in seeds.items() if seed % PROCESSES == share} for share in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(functools.partial(fit_all, hilly, surges), shares))
    made = {chosen.name: found[seed % PROCESSES][chosen.name] for chosen, seed in seeds.items()}
    write(surges, tuple(seeds), made)
    sys.stdout.write(f"all: {(time.perf_counter() - begun) / 60:.0f} minutes\n")
    return 0


def write(surges: Sequence[Surge], sets: Sequence[common.Chosen], made: dict[str, dict[str, Array]]) -> None:
    """Write the draws of all sets, and the table that cases take priors from."""
    weak = [of for of, draws in made.items() if draws.pop("weak")]
    told: dict[str, Any] = {f"{of}/{name}": value.astype(np.float32) for of, draws in made.items() for name, value in draws.items() if name != "by_group"}
    told |= {f"{one.name}/series": np.array(sorted(one.series)) for one in sets}
    np.savez_compressed(common.FILE, **told, weak=np.array(weak, dtype=str), classes=np.unique([one.item for one in surges]))
    if len(weak) == len(made):
        raise SystemExit("all sets are weak: the table for cases is left as it was")
    with kinds.FILE.open("w", encoding="utf-8", newline="") as file:
        rows = kinds.rows(library.everything())
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


if __name__ == "__main__":
    raise SystemExit(main())
