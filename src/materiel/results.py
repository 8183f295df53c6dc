"""Arrays with names: the results of a run as xarray, with units and two time coordinates, and how they are kept on disk."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Generator, Mapping
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


def encoded(data: xarray.Dataset | xarray.DataTree) -> bytes | memoryview:
    """Return what a file of results holds. It is made in memory, because the library that writes such files ends badly where a disk is full."""
    with _no_cluster():
        return cast("Any", data).to_netcdf(engine="h5netcdf")


def _no_cluster() -> contextlib.AbstractContextManager[object]:
    """Keep xarray from asking a Dask cluster, where one is connected, for the lock of a file that is in the memory of this machine."""
    if "distributed" not in sys.modules:
        return contextlib.nullcontext()
    dask: Any = importlib.import_module("dask")  # its types say little
    return dask.config.set(scheduler="synchronous")


@contextlib.contextmanager
def opened(path: Path) -> Generator[xarray.Dataset]:
    """Yield what a results.nc holds, series by series as they are asked for. Raises RunError when it cannot be read."""
    import xarray

    try:
        with cast("Any", xarray).open_dataset(path, engine="h5netcdf", cache=False) as data:
            yield data
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise RunError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
