"""What a stranger sends: the files of a case, as a zip or by name. Nothing of it is believed: neither names nor sizes, and nothing is unpacked that a case does not read.

All files of a case stand in one folder, so every file is kept under its last name alone; whatever lies in other folders is left in the zip.
"""

from __future__ import annotations

import base64
import io
import json
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from materiel.case.reading import MAX_BYTES, printed, unprinted
from materiel.errors import CaseError, Place, Problem

MOST_SENT = 5_000_000
"""Bytes of a request that brings a case: ten times the largest case that is shipped."""
MOST_UNPACKED = 20_000_000
"""Bytes of all files of a case together."""
MOST_FILES = 100
"""Files of a zip, those that no case reads included."""
MOST_RATIO = 100
"""How many times its size a file may have unpacked: text has three to fourteen, a bomb a thousand."""
SMALL = 100_000
"""Bytes that a file may have whatever its ratio."""
MOST_FOLDERS = 4
"""Folders within folders above a file."""
MOST_NAME = 200
"""Bytes of a name with its folders."""

_MAIN = "case.yaml"
_ZIP, _REQUEST = "the zip", "the request"
_NESTED = re.compile(r"\.(zip|gz|tgz|bz2|xz|zst|7z|rar|tar)$", re.IGNORECASE)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_END = b"PK\x05\x06"


@dataclass(frozen=True)
class Upload:
    """The files of a case by name; `main` is what is read first: `case.yaml`, or the only file."""

    files: dict[str, bytes]
    main: str


def unpack(sent: bytes) -> Upload:
    """Return the case in a zip. Raises CaseError with whatever is wrong about it."""
    _raise(_too_many(_entries(sent), _ZIP))
    try:
        with zipfile.ZipFile(io.BytesIO(sent)) as packed:
            parts = packed.infolist()
            _raise(_look_over(parts))
            wanted = [part for part in parts if not part.is_dir()]
            folder = _folder([part.filename for part in wanted])
            return _upload(_contents(packed, [part for part in wanted if _split(part.filename)[0] == folder]))
    except (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, EOFError, OSError, OverflowError, ValueError) as error:
        raise CaseError([Problem(Place(_ZIP), f"cannot be unpacked: {printed(' '.join(str(error).split()))[:80]}", "a zip with the files of a case")]) from None


def written(sent: bytes) -> Upload:
    """Return the case that files by name are: `{"files": {"case.yaml": "title: …", "claims.xlsx": {"base64": "UEsD…"}}}`. Raises CaseError."""
    try:
        said = json.loads(sent)
    except (ValueError, RecursionError):
        raise _no_files("not JSON") from None
    files = cast("dict[str, Any]", said).get("files") if isinstance(said, dict) and set(cast("dict[str, Any]", said)) == {"files"} else None
    if not isinstance(files, dict) or not files:
        raise _no_files("no files")
    given = cast("dict[str, object]", files)
    _raise(_too_many(len(given), _REQUEST))
    held = {name: _held(one) for name, one in given.items()}
    problems = [problem for name in given for problem in _named(name)] + _alike(list(given))
    problems += [Problem(Place(_shown(name)), "a folder among the files", "names such as folder/case.yaml") for name in given if name.endswith("/")]
    problems += [Problem(Place(_shown(name)), "not a text", 'text, or {"base64": …}') for name, one in held.items() if one is None]
    _raise(problems)
    folder = _folder(list(given))
    return _upload({_split(name)[1]: one for name, one in held.items() if one is not None and _split(name)[0] == folder})


def _held(given: object) -> bytes | None:
    """Return what a file holds, or None for what is neither a text nor bytes in base64."""
    if isinstance(given, str):
        return given.encode("utf-8", "surrogatepass")
    coded = cast("dict[str, object]", given).get("base64") if isinstance(given, dict) else None
    try:
        return base64.b64decode(coded, validate=True) if isinstance(coded, str) else None
    except ValueError:
        return None


def _raise(problems: Iterable[Problem]) -> None:
    if found := list(problems):
        raise CaseError(found)


def _no_files(found: str) -> CaseError:
    return CaseError([Problem(Place(_REQUEST), found, 'a zip, or {"files": {"case.yaml": "its text"}}')])


def _upload(files: dict[str, bytes]) -> Upload:
    return Upload(files, _MAIN if _MAIN in files else next(iter(files)))


def _folder(names: list[str]) -> str:
    """Return the folder that is the case: the one with a case.yaml; if there is one file alone, its own."""
    mains = {_split(name)[0] for name in names if _split(name)[1] == _MAIN}
    if len(mains) > 1:
        raise CaseError([Problem(Place(_shown(folder or _MAIN)), "one of several folders with a case.yaml", "one case") for folder in mains])
    if not mains and len(names) == 1 and names[0].endswith(".yaml"):
        return _split(names[0])[0]
    if not mains:
        raise CaseError([Problem(Place(_MAIN), "no such file", "a folder with a case.yaml")])
    return mains.pop()


def _split(name: str) -> tuple[str, str]:
    folder, _, last = name.rpartition("/")
    return folder, last


def _shown(name: str) -> str:
    """Return a name as it may stand in a message."""
    return printed(name)[:MOST_NAME]


def _too_many(count: int, of: str) -> list[Problem]:
    return [Problem(Place(of), f"{count} files", f"at most {MOST_FILES}")] if count > MOST_FILES else []


def _entries(sent: bytes) -> int:
    """Return how many entries the directory of a zip has by their signatures: to read them takes time, and what the zip says of their number is only claimed."""
    short = sent[-22:-18] == _END and sent.endswith(b"\0\0")  # without a comment behind it
    end = len(sent) - 22 if short else max(0, sent.rfind(_END))
    size = int.from_bytes(sent[end + 12 : end + 16], "little")
    large = sent[max(0, end - 20) :].startswith(b"PK\x06\x07")  # zip64, whose directory stands elsewhere
    return sent.count(b"PK\x01\x02", 0 if large else max(0, end - size), end)


def _alike(names: list[str]) -> list[Problem]:
    """Return which names stand more than once, or differ in capitals alone: on some systems those are one file."""
    counted = Counter(name.casefold() for name in names)
    return [
        Problem(Place(_shown(name)), "a file stands twice", "each file once, whatever its capitals")
        for name in dict.fromkeys(names)
        if counted[name.casefold()] > 1
    ]


def _named(name: str) -> list[Problem]:
    """Return what is wrong about the name of a file. A folder's ends with a slash."""
    place = Place(_shown(name) or "a file")
    steps = name.removesuffix("/").split("/")
    if unprinted(name, place) or any(sign in name for sign in "\t\n\r"):
        return [Problem(place, "a control character in the name of a file", "a name that prints")]
    if "\\" in name or ":" in name or name.startswith("/") or any(step in ("", ".", "..") for step in steps):
        return [Problem(place, "the name of a file leads out of the folder", "names such as folder/case.yaml")]
    if any(_RESERVED.fullmatch(step) for step in steps):
        return [Problem(place, "a name that is a device on some systems", "names such as folder/case.yaml")]
    if len(name.encode()) > MOST_NAME or len(steps) > MOST_FOLDERS + 1:
        return [Problem(place, "the name of a file is too long or too deep", f"at most {MOST_NAME} bytes and {MOST_FOLDERS} folders")]
    return []


def _look_over(parts: list[zipfile.ZipInfo]) -> list[Problem]:
    """Return what is wrong about the directory of a zip, before anything is unpacked."""
    problems = _too_many(len(parts), _ZIP)
    if problems:
        return problems
    problems += _alike([part.orig_filename for part in parts])
    for part in parts:
        problems += _named(part.orig_filename) or _packed(part)
    total = sum(part.file_size for part in parts)
    if total > MOST_UNPACKED:
        problems.append(Problem(Place(_ZIP), f"unpacks to {total / 1e6:.0f} MB", f"at most {MOST_UNPACKED / 1e6:.0f} MB"))
    return problems


def _packed(part: zipfile.ZipInfo) -> list[Problem]:
    """Return what is wrong about a file as the directory of the zip tells it."""
    place = Place(_shown(part.filename))
    kind = stat.S_IFMT(part.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return [Problem(place, "a link or a device", "files and folders")]
    if part.flag_bits & 0x1:
        return [Problem(place, "an encrypted file", "files without a password")]
    if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return [Problem(place, f"packed by method {part.compress_type}", "a zip as every system makes it (deflate)")]
    if _NESTED.search(part.filename):
        return [Problem(place, "an archive", "the files themselves")]
    if part.file_size > MAX_BYTES:
        return [Problem(place, f"file of {part.file_size / 1e6:.0f} MB", f"at most {MAX_BYTES / 1e6:.0f} MB")]
    if part.file_size > max(SMALL, MOST_RATIO * part.compress_size):
        return [Problem(place, f"unpacks to more than {MOST_RATIO} times its size", "files of text")]
    return []


def _contents(packed: zipfile.ZipFile, parts: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Return what files hold. The sizes in the directory are only claimed: bytes are counted."""
    made: dict[str, bytes] = {}
    for part in parts:
        with packed.open(part) as stream:
            held = stream.read(part.file_size + 1)
        if len(held) != part.file_size:
            raise CaseError([Problem(Place(_shown(part.filename)), "unpacks to another size than the zip says", "a zip that is not damaged")])
        made[_split(part.filename)[1]] = held
    return made
