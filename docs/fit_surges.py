"""Fit the surge model to the library and ship what it learned: `make surges`; how long that takes as a whole has not been timed.

The model is the component `line`, run by the JAX reading, with numbers that differ by class of item, by country at war and by surge. It is fitted in two stages (Lunn, Barrett,
Sweeting and Thompson, Applied Statistics 62, 2013). First every surge alone: lines with numbers from a wide law are held against its figures, and some are kept, by their
likelihood. Then what surges have in common, by NUTS (NumPyro): the likelihood of a surge is the mean, over its lines, of how much likelier a line is by what is common than by
the wide law. The first stage is the same for all sets, and a set looks at nothing of a surge that it leaves out, except that its chains begin where those of all surges ended.
"""

from __future__ import annotations

import argparse
import csv
import functools
import sys
import time
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import numpyro
import numpyro.distributions as dist
from jax.scipy.special import logsumexp
from numpyro.diagnostics import effective_sample_size, gelman_rubin
from numpyro.infer import MCMC, NUTS, init_to_median

from materiel.engine import traced
from materiel.surges import common, kinds, library, lines, ramps
from materiel.surges.library import Surge

Array = npt.NDArray[np.float64]

WIDE_MIDDLE = np.log([5.0, 365.0, 90.0, 0.2, 0.3, 12.0, 0.3])
WIDE_SPREAD = np.array([1.8, 1.0, 0.6, 0.9, 0.8, 0.9, 0.9])
"""The wide law of the logarithms of a line's numbers, in the order of common.NAMES: wider than anything that is believed of surges in common."""
LINES, BATCH, KEPT_LINES = 500_000, 4_000, 100
"""Lines that are tried; at a time; lines that are kept of each surge."""

WARMUP, DRAWS, CHAINS = 400, 1400, 2
SETTLING = 250
"""Draws that are thrown away of each set after the first, whose chains start where those of the first ended, with its step and masses."""
KEPT = 200
"""Draws that are shipped of each set."""
MOST_R_HAT, FEWEST_EFFECTIVE = 1.1, 20
"""Beyond these a fit is weak: no case takes a prior from it."""

PRIORS: dict[str, dist.Distribution] = {
    # threefold within a factor of five; a year within three; three months within two; output strays by a fifth, a third of it in one figure, fading over a year; demand gone, it falls by a third a month
    "middle": dist.Normal(np.log([3.0, 365.0, 90.0, 0.2, 0.3, 12.0, 0.3]), np.array([1.0, 0.7, 0.4, 0.7, 0.7, 0.7, 0.7])),
    # a new plant makes little at first, so that its multiple is larger: by 4.5 within a factor of five; whether it is slower is left open
    "new": dist.Normal(np.array([1.5, 0.0]), np.array([1.0, 0.5])),
    # classes differ by less than surges of one class do
    "of_class": dist.HalfNormal(np.array([0.5, 0.3, 0.3])),
    # surges of one ministry rise together
    "of_group": dist.HalfNormal(np.array([0.5, 0.5])),
    # lead times differ least, for figures of output hardly tell them
    "of_surge": dist.HalfNormal(np.array([1.0, 0.5, 0.3, 0.5, 0.3, 0.5, 0.5])),
    # multiple and ramp time: the inverse hyperbolic tangent of their correlation
    "together": dist.Normal(0.0, 0.5),
}
"""What is believed of what surges have in common before any figure, with the reason beside it."""


# ------------------------------------------------------------------ every surge alone


def alone(surges: Sequence[Surge], seed: int) -> tuple[Array, Array]:
    """Return the lines that are kept of each surge, logarithms of shape (surges, lines, numbers), and how many lines of the wide law they stand for, shape (surges,)."""
    rng = np.random.default_rng(seed)
    tried, likely = np.empty((LINES, len(common.NAMES))), np.empty((LINES, len(surges)))
    run = _compiled()
    for first in range(0, LINES, BATCH):
        here = slice(first, first + BATCH)
        tried[here] = WIDE_MIDDLE + WIDE_SPREAD * rng.standard_normal((BATCH, len(common.NAMES)))
        line = dict(zip(common.NAMES, np.exp(tried[here]).T, strict=True))
        whole = ramps.so_far(run({name: line[name] for name in ramps.NUMBERS}))
        likely[here] = np.stack([lines.log_likelihood(one, line, whole) for one in surges], axis=1)
    weights = np.exp(likely - likely.max(axis=0))
    weights /= weights.sum(axis=0)
    kept = np.stack([tried[rng.choice(LINES, KEPT_LINES, p=weights[:, at])] for at in range(len(surges))])
    return kept, 1 / np.sum(weights**2, axis=0)


def _compiled() -> Any:
    built, slot = ramps.program()
    simulated = traced.simulate(built, ramps.STEPS, 1, [slot], ramps.STEP)
    run = jax.jit(lambda given: simulated(ramps.numbers(given, jnp))[:, 0])
    return lambda given: np.asarray(run({name: jnp.asarray(value) for name, value in given.items()}))


# ------------------------------------------------------------------ what they have in common


def model(kept: Array, surges: Sequence[Surge], learned: Any) -> None:
    """Declare what surges have in common; `kept` is as from `alone`, `learned` is true where a surge counts, shape (surges,)."""
    names, classes = np.unique([one.item for one in surges], return_inverse=True)
    new = np.array([common.NEW[one.plant] for one in surges])
    groups = np.unique([one.group for one in surges], return_inverse=True)[1]
    made = {name: numpyro.sample(name, prior) for name, prior in PRIORS.items()}
    by_class = numpyro.deterministic("by_class", _standard("class", (len(names), 3)) * made["of_class"])
    by_group = _standard("group", (int(groups.max()) + 1, 2)) * made["of_group"]
    expected = common.expected(made["middle"], made["new"], by_class[classes].T, by_group[groups].T, new, jnp)
    off = (kept - expected.T[:, None]) / made["of_surge"]
    share = jnp.tanh(made["together"])
    off = off.at[..., 1].set((off[..., 1] - share * off[..., 0]) / jnp.sqrt(1 - share**2))
    of_common = jnp.sum(-0.5 * off**2 - jnp.log(made["of_surge"]), axis=-1) - 0.5 * jnp.log1p(-(share**2))
    of_wide = np.sum(-0.5 * ((kept - WIDE_MIDDLE) / WIDE_SPREAD) ** 2 - np.log(WIDE_SPREAD), axis=-1)
    numpyro.factor("figures", jnp.sum(jnp.where(learned, logsumexp(of_common - of_wide, axis=-1), 0.0)))


def _standard(name: str, shape: tuple[int, ...]) -> Any:
    return numpyro.sample(name, dist.Normal(jnp.zeros(shape), 1.0))


def first(kept: Array, surges: Sequence[Surge]) -> MCMC:
    """Return the sampler of the set of all surges, which learns its step and masses."""
    kernel = NUTS(functools.partial(model, kept, surges), target_accept_prob=0.8, init_strategy=init_to_median(num_samples=5))
    return MCMC(kernel, num_warmup=WARMUP, num_samples=DRAWS, num_chains=CHAINS, chain_method="sequential", progress_bar=False)


def further(kept: Array, surges: Sequence[Surge], before: MCMC) -> MCMC:
    """Return the sampler of all other sets, with the step and masses of the first."""
    learned = before.last_state.adapt_state
    masses = {sites: jnp.mean(value, axis=0) for sites, value in learned.inverse_mass_matrix.items()}
    kernel = NUTS(
        functools.partial(model, kept, surges), step_size=float(jnp.mean(learned.step_size)), inverse_mass_matrix=masses, adapt_step_size=False, adapt_mass_matrix=False,
    )  # fmt: skip
    return MCMC(kernel, num_warmup=SETTLING, num_samples=DRAWS, num_chains=CHAINS, chain_method="sequential", progress_bar=False, jit_model_args=True)


def fit(run: MCMC, surges: Sequence[Surge], chosen: common.Chosen, seed: int, begin: Any = None) -> dict[str, Array]:
    """Return draws of what the surges of a set have in common, shape (draws, ...) each; chains start at `begin`. `weak` says whether they disagree."""
    begun = time.perf_counter()
    learned = np.array([chosen.learns_from(one) for one in surges])
    run.run(jax.random.key(seed), jnp.asarray(learned), extra_fields=("diverging",), init_params=begin)
    found = {name: np.asarray(value) for name, value in run.get_samples(group_by_chain=True).items() if name in {*PRIORS, "by_class"}}
    r_hat = max(float(np.max(gelman_rubin(value))) for value in found.values())
    effective = min(float(np.min(effective_sample_size(value))) for value in found.values())
    diverging = float(np.mean(run.get_extra_fields()["diverging"]))
    told = f"{chosen.name}: {learned.sum()} surges, r-hat up to {r_hat:.3f}, effective draws from {effective:.0f}, diverging {100 * diverging:.1f} %, {time.perf_counter() - begun:.0f} s"
    sys.stdout.write(f"{told}\n")
    draws = {name: value.reshape(-1, *value.shape[2:])[:: CHAINS * DRAWS // KEPT] for name, value in found.items()}
    return draws | {"weak": np.array(r_hat > MOST_R_HAT or effective < FEWEST_EFFECTIVE)}


# ------------------------------------------------------------------ what is shipped


def main() -> int:
    """Fit all sets and write what they learned."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--try", dest="tried", action="store_true", help="fit the set of all surges only, and write nothing")
    arguments = parser.parse_args()
    numpyro.enable_x64()
    surges = library.surges()
    kept, effective = alone(surges, 1)
    least = int(np.argmin(effective))
    sys.stdout.write(f"each surge alone: effective lines from {effective[least]:.0f} ({surges[least].series.name}), median {np.median(effective):.0f}\n")
    every, *others = common.sets(surges)
    run = first(kept, surges)
    made = {every.name: fit(run, surges, every, 0)}
    if arguments.tried:
        sys.stdout.writelines(f"  {name}: {np.round(value.mean(axis=0), 2).tolist()}\n" for name, value in made[every.name].items() if name != "weak")
        return 0
    next_run, ends = further(kept, surges, run), run.last_state.z
    for seed, chosen in enumerate(others, 1):
        made[chosen.name] = fit(next_run, surges, chosen, seed, ends)
    weak = [of for of, draws in made.items() if draws.pop("weak")]
    told: dict[str, Any] = {f"{of}/{name}": value.astype(np.float32) for of, draws in made.items() for name, value in draws.items()} | {
        "weak": np.array(weak, dtype=str)
    }
    told |= {f"{one.name}/series": np.array(sorted(one.series)) for one in (every, *others)} | {"classes": np.unique([one.item for one in surges])}
    np.savez_compressed(common.FILE, **told)
    if len(weak) == len(made):
        raise SystemExit("all sets are weak: the table for cases is left as it was")
    with kinds.FILE.open("w", encoding="utf-8", newline="") as file:
        rows = kinds.rows(library.everything())
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
