"""Blocks on disk: what comes out is what went in, bit for bit, or nothing."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from materiel import disk
from materiel.engine.ensemble import Ensemble
from materiel.engine.fans import Fan
from materiel.engine.store import Store, packed, unpacked
from runs import same_bits

BLOCK = range(4096, 4160)
POINTS = np.array([0.0, 0.05, 0.5, 0.95, 1.0])


def left(seed: int, draws: int = len(BLOCK), times: int = 3) -> list[Ensemble]:
    """Return what a block of two passes could leave: numbers of every size, infinite ones and noughts."""
    rng = np.random.default_rng(seed)
    made = []
    for slots in (2, 0):
        fans = {7 + slots: Fan(times), 90: Fan(times)}
        for fan in fans.values():
            fan.add(rng.normal(size=(times, draws)) * 10.0 ** rng.integers(-12, 12, (times, draws)))
        kept = rng.normal(size=(slots, draws)) * 10.0 ** rng.integers(-300, 300, (slots, draws))
        kept[:, :3] = [np.inf, -0.0, np.nan]
        made.append(Ensemble(kept, fans, np.arange(times) * 1.0, {"items.shell": float(rng.random()) * 1e-13, "no negative level": 0.0}, {"x86_64, AVX2"}))
    return made


def alike(one: list[Ensemble], other: list[Ensemble]) -> bool:
    return len(one) == len(other) and all(
        same_bits(a.kept, b.kept)
        and (a.laws, a.machines, list(a.fans)) == (b.laws, b.machines, list(b.fans))
        and all(same_bits(fan.quantiles(POINTS), b.fans[slot].quantiles(POINTS)) for slot, fan in a.fans.items())
        for a, b in zip(one, other, strict=True)
    )


@settings(max_examples=20)
@given(st.integers(0, 9999), st.integers(1, 300), st.integers(1, 5))
def test_a_block_comes_back_as_it_was(seed: int, draws: int, times: int) -> None:
    made = left(seed, max(draws, 3), times)
    assert alike(unpacked(packed(made), range(max(draws, 3)), made), made)


def test_fans_that_are_put_together_are_those_of_all_draws() -> None:
    values = np.random.default_rng(5).normal(size=(4, 900)) * 10.0 ** np.arange(900) ** 0.3
    whole, sum_of_parts = Fan(4), Fan(4)
    whole.add(values)
    for first in (600, 0, 300):
        part = Fan(4)
        part.add(values[:, first : first + 300])
        sum_of_parts.join(part)
    assert same_bits(whole.quantiles(POINTS), sum_of_parts.quantiles(POINTS))


def test_a_block_is_an_archive_that_numpy_reads() -> None:
    made = left(1)
    with np.load(io.BytesIO(packed(made)), allow_pickle=False) as arrays:
        assert same_bits(arrays["0.kept"], made[0].kept)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    (tmp_path / "blocks").mkdir()
    return Store(tmp_path)


def test_what_was_put_is_got_and_what_was_not_is_missing(store: Store) -> None:
    made = left(2)
    assert store.get(BLOCK, made) is None
    store.put(BLOCK, made)
    found = store.get(BLOCK, made)
    assert found is not None
    assert alike(found, made)
    assert store.get(range(8192, 8256), made) is None
    assert store.kept([BLOCK, range(8192, 8256)]) == 1


def test_a_block_that_is_damaged_counts_as_missing(store: Store) -> None:
    made = left(3)
    store.put(BLOCK, made)
    (path,) = store.folder.glob("*.npz")
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    for at in rng.integers(0, len(whole), 200):
        data = bytearray(whole)
        data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        found = store.get(BLOCK, made)
        assert found is None, f"byte {at} was changed and nobody noticed"
    for length in (0, 1, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        assert store.get(BLOCK, made) is None


@pytest.mark.parametrize(
    "other", [left(4, draws=65), left(4, times=4), left(4)[:1] + left(4)[:1], [*left(4), *left(4)]], ids=["draws", "times", "slots", "passes"]
)
def test_a_block_of_something_else_counts_as_missing(store: Store, other: list[Ensemble]) -> None:
    if len(other) <= 2:
        store.put(BLOCK, other)
        assert store.get(BLOCK, left(4)) is None
    else:
        store.put(BLOCK, left(4))
        assert store.get(BLOCK, other) is None


def test_an_archive_that_would_run_code_is_not_read(store: Store) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(store.folder / "trapped"),)

    data = io.BytesIO()
    np.savez(data, **{"0.kept": np.array([Trap()], dtype=object)})
    store.put(BLOCK, left(5))
    (path,) = store.folder.glob("*.npz")
    digest = hashlib.blake2b(data.getvalue(), digest_size=8).hexdigest()
    path.unlink()
    (store.folder / f"{BLOCK.start:010}.{digest}.npz").write_bytes(data.getvalue())
    assert store.get(BLOCK, left(5)) is None
    assert not (store.folder / "trapped").exists()


def test_what_was_left_half_written_is_cleared_away(store: Store) -> None:
    half = [store.folder / ".0000004096.npz.17.part", store.folder.parent / ".results.nc.17.part"]
    for path in half:
        path.write_bytes(b"half")
    Store(store.folder.parent)
    assert not any(path.exists() for path in half)


# Files that are whole or not there


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for text in ("one", "two"):
        disk.replace(path, lambda made, text=text: made.write_text(text))
        assert path.read_text() == text
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt(), ZeroDivisionError()], ids=repr)
def test_a_file_that_could_not_be_written_is_as_it_was(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a"
    path.write_text("before")

    def fail(made: Path) -> None:
        made.write_text("half")
        raise error

    with pytest.raises(type(error)):
        disk.replace(path, fail)
    assert path.read_text() == "before"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a"]


HOLD = "import sys, pathlib, time\nfrom materiel import disk\nwith disk.alone(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    time.sleep(60)\n"


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks there")
def test_a_lock_is_held_by_one_process_and_ends_with_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True) as other:  # noqa: S603
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError), disk.alone(path):
            pass
        other.kill()
    for _ in range(100):
        try:
            with disk.alone(path):
                break
        except BlockingIOError:
            time.sleep(0.05)
    else:
        pytest.fail("the lock outlived its process")
    with disk.alone(path):
        path.unlink()
        with disk.alone(path):
            pass  # another file: the first was cleared away


def test_no_archive_is_written_where_it_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "blocks").write_text("a file")
    store = Store(tmp_path)
    with pytest.raises(OSError, match="Not a directory"):
        store.put(BLOCK, left(6))


def test_compression_is_not_lost() -> None:
    many = Ensemble(np.zeros((0, 4096)), {1: Fan(50)}, np.arange(50.0))
    many.fans[1].add(np.random.default_rng(1).lognormal(10, 2, (50, 4096)))
    data = packed([many])
    assert len(data) < 1.5 * len(many.fans[1].filled()[1])
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None
