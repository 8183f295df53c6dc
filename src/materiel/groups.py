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
from materiel.analysis.observables import Sighting
from materiel.rivals import Rivals

if TYPE_CHECKING:
    import xarray

Array = npt.NDArray[np.float64]

SIZE = 4000
"""Draws of the prior and of the posterior sample."""

Parts = Sequence[tuple[Mapping[str, Array], Array]]
"""Draws of every hypothesis: their answers by question, and what they expect of each sighting, shape (sightings, draws)."""


def tree(rivals: Rivals, sides: Mapping[str, tuple[Array, Parts]], priors: Mapping[str, float], logs: Sequence[Array], only: Sequence[str], said: Mapping[str, Any]) -> xarray.DataTree:  # fmt: skip
    """Return hypotheses that were weighed as groups of datasets.

    `sides` are `prior` and `posterior`, each with the weights of its draws, hypothesis after hypothesis, and the draws; `logs` the log-likelihood of every draw of every hypothesis; `only`
    the questions that are answered, `said` attributes.
    """
    import xarray

    seen = rivals.sightings
    made: dict[str, Any] = {name: _sample(rivals, weights, parts, only) for name, (weights, parts) in sides.items()}
    terms, together = [one.term for one in seen], groups([one.term for one in seen])
    left = made["posterior"]["expected"].values[0].T
    found = np.stack([log_likelihood([terms[i] for i in group], left[group]) for group in together], axis=1)
    members = [", ".join(dict.fromkeys(seen[i].observable for i in group)) for group in together]
    made["log_likelihood"] = xarray.Dataset({"seen": (("chain", "draw", "group"), found[None])}, coords={"group": members})
    made["observed_data"] = xarray.Dataset(
        {"seen": ("sighting", np.array([term.seen for term in terms]))},
        coords=_sightings(seen) | {"bound": ("sighting", [term.bound for term in terms]), "origin": ("sighting", [one.origin for one in seen])},
    )
    made["draws"] = xarray.Dataset(
        {"log_likelihood": (("hypothesis", "draw"), np.stack(logs)), "prior": ("hypothesis", list(priors.values()))}, {"hypothesis": list(priors)}
    )
    attributes = {"inference_library": "materiel", "inference_library_version": __version__, **said}
    return cast("Any", xarray.DataTree).from_dict({"/": xarray.Dataset(attrs=attributes), **made})


def _sample(rivals: Rivals, weights: Array, parts: Parts, only: Sequence[str]) -> xarray.Dataset:
    """Return a sample of weighed draws as a dataset of one chain: the hypothesis, the answers, and what is expected of each sighting."""
    import xarray

    picked = odds.systematic(weights, SIZE)
    which = np.concatenate([np.full(expected.shape[1], i) for i, (_, expected) in enumerate(parts)])[picked]
    meanings = {"flag_values": np.arange(len(parts)), "flag_meanings": " ".join(rivals.names), "long_name": "hypothesis"}
    variables: dict[str, Any] = {"hypothesis": (("chain", "draw"), which[None], meanings)}
    for name in only:
        asked, values = rivals.asked[name], np.concatenate([answers[name] for answers, _ in parts])
        variables[name] = (("chain", "draw"), values[picked][None], {"units": asked.unit, "long_name": asked.text})
    expected = np.concatenate([expected for _, expected in parts], axis=1)
    variables["expected"] = (("chain", "draw", "sighting"), expected[:, picked].T[None], {"long_name": "what a run expects of each sighting"})
    return xarray.Dataset(variables, coords={"chain": [0], "draw": np.arange(SIZE)} | _sightings(rivals.sightings))


def _sightings(seen: Sequence[Sighting]) -> dict[str, Any]:
    days = {end: ("sighting", np.array([getattr(one, end) for one in seen], dtype="datetime64[ns]")) for end in ("first", "last")}
    return {"sighting": [f"{one.observable} {one.first}..{one.last}" for one in seen], "unit": ("sighting", [one.unit for one in seen]), **days}
