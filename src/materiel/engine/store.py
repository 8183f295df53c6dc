"""Blocks of draws on disk while a run goes on, so that a run that was stopped, or killed, is finished and not begun anew.

A block is one NumPy archive (`np.load` reads it): values as they are, fans as the gaps between bins that were hit and how often each was. It is written whole
or not at all, and its name holds its digest: one that is damaged counts as missing.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from materiel import disk
from materiel.engine.ensemble import Ensemble
from materiel.engine.fans import Fan

Array = npt.NDArray[np.float64]

FOLDER = "blocks"
LEVEL = 1
"""Of compression: fans shrink to a tenth, and more effort gains little."""


class Store:
    """The blocks of one run, in the folder `blocks` of the run's folder."""

    def __init__(self, folder: Path) -> None:
        """Take the blocks of a run's folder, and clear away what was left half written there."""
        self.folder = folder / FOLDER
        for place in (folder, self.folder):
            for left in place.glob(f".*{disk.PART}"):
                left.unlink()

    def get(self, block: range, like: Sequence[Ensemble]) -> list[Ensemble] | None:
        """Return what a block left, or None when it is not kept, is damaged, or holds anything else than `like` does."""
        for path in self._paths(block):
            with contextlib.suppress(OSError, ValueError, KeyError):
                data = path.read_bytes()
                if path.name == _name(block, data):
                    return unpacked(data, block, like)
        return None

    def put(self, block: range, left: Sequence[Ensemble]) -> None:
        """Keep what a block left. Raises OSError."""
        data = packed(left)
        disk.replace(self.folder / _name(block, data), lambda path: path.write_bytes(data))

    def kept(self, blocks: Iterable[range]) -> int:
        """Return how many of some blocks are kept."""
        return sum(bool(self._paths(block)) for block in blocks)

    def empty(self) -> None:
        """Remove all blocks. Raises OSError."""
        for path in self.folder.glob("*.npz"):
            path.unlink()

    def clear(self) -> None:
        """Remove all blocks, and their folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _paths(self, block: range) -> list[Path]:
        return list(self.folder.glob(f"{block.start:010}.*.npz"))


def _name(block: range, data: bytes) -> str:
    return f"{block.start:010}.{hashlib.blake2b(data, digest_size=8).hexdigest()}.npz"


def packed(left: Sequence[Ensemble]) -> bytes:
    """Return what a block left as an archive."""
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    for i, one in enumerate(left):
        arrays[f"{i}.kept"] = one.kept
        arrays[f"{i}.laws"] = np.array(list(one.laws))
        arrays[f"{i}.errors"] = np.array(list(one.laws.values()), dtype=np.float64)
        arrays[f"{i}.machines"] = np.array(sorted(one.machines))
        for slot, fan in one.fans.items():
            places, counts = fan.filled()
            arrays[f"{i}.{slot}.span"] = np.array([fan.times, *places[:1]])
            arrays[f"{i}.{slot}.gaps"] = _small(np.diff(places))
            arrays[f"{i}.{slot}.counts"] = _small(counts)
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, np.asanyarray(array), allow_pickle=False)
    return made.getvalue()


def unpacked(data: bytes, block: range, like: Sequence[Ensemble]) -> list[Ensemble]:
    """Return what a block left, from its archive. Raises ValueError or KeyError when it holds anything else than `like` does."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return [_ensemble(arrays, i, one, len(block)) for i, one in enumerate(like)]


def _ensemble(arrays: Mapping[str, npt.NDArray[np.generic]], i: int, like: Ensemble, draws: int) -> Ensemble:
    kept = arrays[f"{i}.kept"]
    if kept.dtype != np.float64 or kept.shape != (len(like.kept), draws):
        raise ValueError(f"values of {kept.shape} {kept.dtype}")
    fans = {slot: _fan(arrays, f"{i}.{slot}", len(like.times)) for slot in like.fans}
    laws = dict(zip(map(str, arrays[f"{i}.laws"]), map(float, arrays[f"{i}.errors"]), strict=True))
    return Ensemble(np.asarray(kept, dtype=np.float64), fans, like.times, laws, set(map(str, arrays[f"{i}.machines"])))


def _fan(arrays: Mapping[str, npt.NDArray[np.generic]], name: str, times: int) -> Fan:
    span = np.asarray(arrays[f"{name}.span"], dtype=np.int64)
    if span[0] != times:
        raise ValueError(f"a fan of {span[0]} moments")
    places = np.cumsum(np.concatenate([span[1:], arrays[f"{name}.gaps"]]), dtype=np.int64)
    return Fan.of(times, places, np.asarray(arrays[f"{name}.counts"], dtype=np.int32))


def _small(numbers: npt.NDArray[np.integer]) -> npt.NDArray[np.unsignedinteger]:
    """Return whole numbers in the fewest bytes that hold them."""
    most = int(numbers.max(initial=0))
    return numbers.astype(np.min_scalar_type(most))
