"""Files that are whole or not there, and folders that one run has to itself."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Generator
from pathlib import Path

from materiel.errors import RunError

PART = ".part"
"""Ending of a file that is being written; one that is left over is worth nothing."""


def replace(path: Path, write: Callable[[Path], object]) -> None:
    """Have `write` write a file beside `path`, and give it that name once it is on the disk. Raises whatever `write` raises, OSError among it, and then leaves nothing."""
    made = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        write(made)
        _sync(made)
        made.replace(path)
        _sync(path.parent)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def write_own(path: Path, made: bytes, ours: Callable[[bytes], bool], what: str) -> Path:
    """Write a file and return its path; one that is there is overwritten only if what it holds is `ours`, one of `what` is written. Raises RunError when it is not, or cannot be written."""
    try:
        if path.exists() and not ours(path.read_bytes()):
            raise RunError(f"{path} is no {what} and is left as it is; give another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        replace(path, lambda part: part.write_bytes(made))
    except OSError as error:
        raise RunError(f"{path} cannot be written: {error.strerror or error}") from None
    return path


def _sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    if path.is_dir() and sys.platform == "win32":
        return  # it opens no folders
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


@contextlib.contextmanager
def alone(path: Path) -> Generator[None]:
    """Hold the lock that a file is; the system lets go of it when the process ends, however that ends. Raises BlockingIOError when another holds it, and OSError.

    Windows has no such lock: there, nothing is held.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not path.exists() or not os.path.samestat(os.fstat(lock.fileno()), path.stat()):
            raise BlockingIOError  # it was the lock of a run that has ended just now
        yield
