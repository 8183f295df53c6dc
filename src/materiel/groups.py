"""Weighed hypotheses in the groups of ArviZ: draws before and after what was seen, what was seen, and its likelihood.

`prior` and `posterior` are samples of one chain: each draw belongs to a hypothesis and counts as much as any other. `log_likelihood` is that of the draws of `posterior`, one
number for each group of sightings that have errors in common. `draws` holds the log-likelihood of every draw of every hypothesis, from which other prior odds weigh.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from materiel import __version__
from materiel.analysis import odds
from materiel.analysis.likelihood import groups, log_likelihood

if TYPE_CHECKING:
    import xarray

    from materiel.weighing import Weighed

Array = npt.NDArray[np.float64]

SIZE = 4000
"""Draws of the prior and of the posterior sample."""


def tree(found: Weighed) -> xarray.DataTree:
    """Return hypotheses that were weighed as groups of datasets."""
    import xarray

    seen, names = found.rivals.sightings, list(found.found)
    sides = {
        "prior": (found.weights_before, [(one.before, one.expected[:, : len(_any(one.before))]) for one in found.found.values()]),
        "posterior": (found.weights_after, [(one.after, one.left) for one in found.found.values()]),
    }
    made: dict[str, Any] = {name: _sample(found, weights, parts) for name, (weights, parts) in sides.items()}
    terms, together = [one.term for one in seen], groups([one.term for one in seen])
    left = made["posterior"]["expected"].values[0].T
    logs = np.stack([log_likelihood([terms[i] for i in group], left[group]) for group in together], axis=1)
    members = [", ".join(dict.fromkeys(seen[i].observable for i in group)) for group in together]
    made["log_likelihood"] = xarray.Dataset({"seen": (("chain", "draw", "group"), logs[None])}, coords={"group": members})
    made["observed_data"] = xarray.Dataset(
        {"seen": ("sighting", np.array([term.seen for term in terms]))},
        coords=_sightings(found) | {"bound": ("sighting", [term.bound for term in terms]), "origin": ("sighting", [one.origin for one in seen])},
    )
    every = np.stack([one.logs for one in found.found.values()])
    made["draws"] = xarray.Dataset(
        {"log_likelihood": (("hypothesis", "draw"), every), "prior": ("hypothesis", list(found.priors.values()))}, {"hypothesis": names}
    )
    attributes = {
        "inference_library": "materiel", "inference_library_version": __version__, "case": found.case.name, "case_sha256": found.case.digest,
        "as_of": found.case.as_of.isoformat(), "rules": found.case.rule.name, "seed": found.options.seed, "draws": found.options.draws,
    }  # fmt: skip
    return cast("Any", xarray.DataTree).from_dict({"/": xarray.Dataset(attrs=attributes), **made})


def _sample(found: Weighed, weights: Array, parts: Sequence[tuple[Mapping[str, Array], Array]]) -> xarray.Dataset:
    """Return a sample of weighed draws as a dataset of one chain: the hypothesis, the answers, and what is expected of each sighting."""
    import xarray

    picked = odds.systematic(weights, SIZE)
    which = np.concatenate([np.full(expected.shape[1], i) for i, (_, expected) in enumerate(parts)])[picked]
    meanings = {"flag_values": np.arange(len(parts)), "flag_meanings": " ".join(found.found), "long_name": "hypothesis"}
    variables: dict[str, Any] = {"hypothesis": (("chain", "draw"), which[None], meanings)}
    for name in found.options.only:
        asked, values = found.rivals.asked[name], np.concatenate([answers[name] for answers, _ in parts])
        variables[name] = (("chain", "draw"), values[picked][None], {"units": asked.unit, "long_name": asked.text})
    expected = np.concatenate([expected for _, expected in parts], axis=1)
    variables["expected"] = (("chain", "draw", "sighting"), expected[:, picked].T[None], {"long_name": "what a run expects of each sighting"})
    return xarray.Dataset(variables, coords={"chain": [0], "draw": np.arange(SIZE)} | _sightings(found))


def _sightings(found: Weighed) -> dict[str, Any]:
    seen = found.rivals.sightings
    days = {end: ("sighting", np.array([getattr(one, end) for one in seen], dtype="datetime64[ns]")) for end in ("first", "last")}
    return {"sighting": [f"{one.observable} {one.first}..{one.last}" for one in seen], "unit": ("sighting", [one.unit for one in seen]), **days}


def _any(answers: Mapping[str, Array]) -> Array:
    return next(iter(answers.values()))
