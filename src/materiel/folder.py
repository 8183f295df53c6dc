"""The folder of a run: absent, or to be resumed, or complete, and never anything between.

While a run goes on, its folder holds the manifest and the blocks that are done; in the end the report, the results and the manifest with what was found, and no
blocks. Every file is written whole or not at all.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from materiel import disk, manifest
from materiel.engine import store
from materiel.engine.ensemble import Ensemble, Settings
from materiel.errors import RunError
from materiel.results import encoded

if TYPE_CHECKING:
    import xarray

RESULTS, REPORT = "results.nc", "report.html"


class Folder:
    """The folder of one run that is being written; a shelf for its blocks, unless it holds the whole run already."""

    def __init__(self, path: Path, blocks: Sequence[range], *, complete: bool) -> None:
        """Take a folder that nobody else writes to."""
        self.path, self.blocks, self.whole = path, blocks, complete
        self.store = store.Store(path)

    def get(self, block: range, like: Sequence[Ensemble]) -> list[Ensemble] | None:
        """Return what a block left, or None when it is not kept."""
        return None if self.whole else self.store.get(block, like)

    def put(self, block: range, left: Sequence[Ensemble]) -> None:
        """Keep what a block left. Raises RunError."""
        try:
            if not self.whole:
                self.store.put(block, left)
        except OSError as error:
            raise RunError(_unwritten(self.path, error)) from None

    @property
    def done(self) -> int:
        """How many blocks are kept."""
        return self.store.kept(self.blocks)

    def kept(self) -> str:
        """Return in a phrase what is kept, and how to go on."""
        if self.whole:
            return f"{self.path} holds this run as it was"
        return f"{self.done} of {len(self.blocks)} blocks of draws are kept, and `materiel resume {shlex.quote(str(self.path))}` continues"

    def complete(self, data: xarray.Dataset, said: Mapping[str, Any], report: Callable[[Path], object]) -> None:
        """Write the report, the results and the manifest; then the blocks are no longer needed. Raises RunError."""
        try:
            report(self.path / REPORT)
            save(data, said, self.path)
        except RunError as error:
            raise RunError(f"{error}; {self.kept()}") from None
        self.store.clear()


def save(data: xarray.Dataset, said: Mapping[str, Any], path: Path) -> None:
    """Write results.nc and manifest.json into a folder, made if need be; a folder that holds another run is not touched.

    Raises RunError when the folder belongs to another run or cannot be written.
    """
    _mine(path, said)
    held = encoded(data)
    try:
        path.mkdir(parents=True, exist_ok=True)
        disk.replace(path / RESULTS, lambda made: made.write_bytes(held))
        _write(path, {**said, "status": manifest.COMPLETE})
    except OSError as error:
        raise RunError(_unwritten(path, error)) from None


@contextlib.contextmanager
def opened(output: Path, said: Mapping[str, Any], settings: Settings) -> Generator[Folder]:
    """Yield the folder of the run that a manifest begins: `output` if that is its folder, else a folder of its own in there, made if need be.

    What was kept of the same run is kept. Whoever stops the run is told how to go on. Raises RunError when the folder belongs to another run, is being written by
    another process, or cannot be written; nothing of it is left then that was not there before.
    """
    path = output if manifest.run_of(output) == said["run"] else output / f"{said['case']}-{said['run']}"
    _mine(path, said)
    with contextlib.ExitStack() as held:
        fresh = not path.exists()
        try:
            folder = _begun(path, said, settings, held)
        except BlockingIOError:
            raise RunError(f"{path} is being written by another run; wait until that has ended, or give another folder") from None
        except OSError as error:
            if fresh:
                store.Store(path).clear()
                with contextlib.suppress(OSError):
                    path.rmdir()
            raise RunError(_unwritten(path, error)) from None
        try:
            yield folder
        except KeyboardInterrupt as stop:
            stop.add_note(folder.kept())
            raise
        except RunError as error:
            if folder.whole or folder.done == len(folder.blocks):
                raise  # it would break again
            raise RunError(f"{error}; {folder.kept()}") from None


def _begun(path: Path, said: Mapping[str, Any], settings: Settings, held: contextlib.ExitStack) -> Folder:
    """Return the folder, locked until `held` ends; blocks that another program or other packages left are cleared away. Raises OSError."""
    blocks = path / store.FOLDER
    blocks.mkdir(parents=True, exist_ok=True)
    held.enter_context(disk.alone(blocks / "lock"))
    before = manifest.read(path) if manifest.run_of(path) == said["run"] else None
    folder = Folder(path, settings.blocks(), complete=before is not None and before.complete)
    if not folder.whole and (before is None or any(before.said.get(key) != said[key] for key in manifest.MADE_BY)):
        folder.store.empty()
        _write(path, said)
    return folder


def _write(path: Path, said: Mapping[str, Any]) -> None:
    text = manifest.sealed(said)
    disk.replace(path / manifest.NAME, lambda made: made.write_text(text, encoding="utf-8"))


def _mine(path: Path, said: Mapping[str, Any]) -> None:
    """Raise RunError when a folder belongs to something else than a run."""
    try:
        mine = not path.exists() or manifest.run_of(path) == said["run"] or all(_begins(entry) for entry in path.iterdir())
    except OSError as error:
        raise RunError(_unwritten(path, error)) from None
    if not mine:
        raise RunError(f"{path} holds something else; give another folder")


def _begins(entry: Path) -> bool:
    """Say whether an entry of a folder is what a run leaves that was killed before its manifest was written."""
    return entry.name == store.FOLDER or entry.name.endswith(disk.PART)


def _unwritten(path: Path, error: OSError) -> str:
    return f"{path} cannot be written: {error.strerror or error}"
