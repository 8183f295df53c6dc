"""Arrays with names: the results of a run as xarray, with units and two time coordinates, and how they are kept on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from materiel.errors import RunError

if TYPE_CHECKING:
    import xarray

Array = npt.NDArray[np.float64]

FAN = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Probabilities at which fans are kept."""


@dataclass(frozen=True)
class Curve:
    """A variable over time: quantiles of shape (probabilities, times) in `unit`, on boundaries (levels) or periods (flows), by day."""

    text: str
    unit: str
    on: str
    days: Array
    quantiles: Array


def dataset(answers: Mapping[str, tuple[str, str, Array]], curves: Mapping[str, Curve], start: str, attributes: Mapping[str, Any]) -> xarray.Dataset:
    """Return answers (text, unit, values per draw) and curves as one Dataset.

    Answers have the dimension `draw`; curves `quantile` and one of two time coordinates, `boundary` for levels and `period` (by its start) for
    flows, as dates of the calendar that begins at `start`. A curve that is not shown throughout is nan elsewhere.
    """
    import xarray

    variables: dict[str, Any] = {}
    for name, (text, unit, drawn) in answers.items():
        variables[name] = ("draw", drawn, {"units": unit, "long_name": text})
    coordinates: dict[str, Any] = {"quantile": list(FAN)}
    for on in ("boundary", "period"):
        found = [curve.days for curve in curves.values() if curve.on == on]
        if not found:
            continue
        days = np.unique(np.concatenate(found))
        dates = np.datetime64(start, "s") + (days * 86400).astype("timedelta64[s]")
        coordinates[on] = (on, dates.astype("datetime64[ns]"))
        for name, curve in curves.items():
            if curve.on == on:
                filled = np.full((len(FAN), len(days)), np.nan)
                filled[:, np.searchsorted(days, curve.days)] = curve.quantiles
                variables[f"{name}_over_time"] = (("quantile", on), filled, {"units": curve.unit, "long_name": curve.text})
    return xarray.Dataset(variables, coords=coordinates, attrs=dict(attributes))


def save(data: xarray.Dataset, manifest: Mapping[str, Any], folder: Path) -> None:
    """Write results.nc and manifest.json into a folder, made if need be; a folder that holds another run is not touched.

    Raises RunError when the folder belongs to another run or cannot be written.
    """
    stamp = json.dumps(manifest, indent=2, sort_keys=True, default=str)
    path = folder / "manifest.json"
    try:
        if folder.exists() and any(folder.iterdir()) and _run_of(path) != manifest["run"]:
            raise RunError(f"{folder} holds something else; give another folder")
        folder.mkdir(parents=True, exist_ok=True)
        cast("Any", data).to_netcdf(folder / "results.nc", engine="h5netcdf")
        path.write_text(stamp + "\n")
    except OSError as error:
        raise RunError(f"{folder} cannot be written: {error.strerror or error}") from None


def _run_of(path: Path) -> str:
    """Return which run a manifest belongs to, or an empty string when there is none to be read."""
    try:
        return str(json.loads(path.read_text())["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
