"""The manifest of a run: everything needed to make it again, and what it was made on."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from materiel import __version__
from materiel.case.files import contents
from materiel.case.model import Case
from materiel.case.schema import Question
from materiel.engine import machine
from materiel.errors import RunError
from materiel.options import Options, Reading

NAME = "manifest.json"
SEAL = "seal"
"""Digest of the rest of a manifest: whoever changes it by hand is found out."""

RUNNING, COMPLETE = "running", "complete"

MADE_BY = ("version", "program_sha256", "python", *machine.PACKAGES)
"""What says by which program and packages a run was made."""

_APART = ("reading", "chunk")
"""Options that stand elsewhere in a manifest, or change no number."""


@dataclass(frozen=True)
class Manifest:
    """A manifest as it was read: how the run was made, and all that it says."""

    name: str
    more: dict[str, Question]
    options: Options
    said: dict[str, Any]

    @property
    def run(self) -> str:
        """The identity of the run."""
        return str(self.said["run"])

    @property
    def complete(self) -> bool:
        """Whether the run has ended."""
        return self.said["status"] == COMPLETE

    @property
    def sealed(self) -> bool:
        """Whether it is as it was written."""
        return self.said.get(SEAL) == _seal(self.said)


def identity(case: Case, more: Mapping[str, Question], options: Options) -> str:
    """Return what identifies a run: the same case, questions, options and version give the same."""
    options = dataclasses.replace(options, chunk=Options.chunk, reading=dataclasses.replace(options.reading, as_of=case.as_of, step=case.step))
    by_hand = [options.reading.set] if options.reading.set else []
    said = json.dumps([case.digest, options, case.rule.model_dump(mode="json"), _questions(more), __version__, *by_hand], default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def manifest(name: str | Path, case: Case, more: Mapping[str, Question], options: Options, language: str) -> dict[str, Any]:
    """Return what is known of a run before it begins; `language` is that of its report, and changes no number."""
    reading = dataclasses.asdict(dataclasses.replace(options.reading, as_of=case.as_of, step=case.step))
    chosen = {field.name: getattr(options, field.name) for field in dataclasses.fields(options) if field.name not in _APART}
    made = {
        "run": identity(case, more, options), "status": RUNNING, "case": case.name, "path": str(name), "case_sha256": case.digest, "language": language,
        "rules_sha256": hashlib.sha256(case.rule.model_dump_json().encode()).hexdigest(), "more": _questions(more),
        **made_by(), **reading, **chosen,
        "files": {file: hashlib.sha256(held).hexdigest() for file, held in contents(case.folder).items()},
    }  # fmt: skip
    return json.loads(json.dumps(made, default=str))


def made_by() -> dict[str, str]:
    """Return which program and packages this is."""
    return {"version": __version__, "program_sha256": machine.program(), **machine.versions()}


def sealed(said: Mapping[str, Any]) -> str:
    """Return a manifest as the text of its file."""
    return json.dumps({**said, SEAL: _seal(said)}, indent=2, sort_keys=True) + "\n"


def attributes(said: Mapping[str, Any]) -> dict[str, str]:
    """Return what a manifest says as attributes of results: nothing that is known only when they are written."""
    return {
        name: value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        for name, value in said.items()
        if name not in ("language", "laws", "status", SEAL)
    }


def read(folder: Path) -> Manifest:
    """Return the manifest of a run's folder. Raises RunError when it has none."""
    try:
        said: dict[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
        reading = _made(Reading, said, as_of=datetime.date.fromisoformat(said["as_of"]))
        options = _made(Options, said, reading=reading, chunk=Options.chunk)
        more = {str(name): Question.model_validate(asked) for name, asked in said["more"].items()}
        name = str(said["path"])
        if not (isinstance(said["run"], str) and said["status"] in (RUNNING, COMPLETE) and isinstance(said["files"], dict)):
            raise TypeError  # noqa: TRY301
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise RunError(f"{folder} keeps no run of this version") from None
    return Manifest(name, more, options, said)


def run_of(folder: Path) -> str:
    """Return which run a folder keeps, or an empty string when it keeps none."""
    try:
        return str(json.loads((folder / NAME).read_text(encoding="utf-8"))["run"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _made(kind: type[Any], said: Mapping[str, Any], **known: Any) -> Any:
    """Return options or a reading from what a manifest says; `known` stand elsewhere. Raises KeyError, TypeError."""
    plain = kind()
    for field in dataclasses.fields(kind):
        if field.name not in known:
            value, default = said[field.name], getattr(plain, field.name)
            value = tuple(map(str, cast("list[object]", value))) if isinstance(value, list) else value
            if type(value) not in ((int, float, type(None)) if default is None else (type(default),)):  # a truth value is no number
                raise TypeError(f"{field.name} {value!r}")
            known[field.name] = value
    return kind(**known)


def _questions(more: Mapping[str, Question]) -> dict[str, Any]:
    return {name: asked.model_dump(mode="json", by_alias=True, exclude_unset=True) for name, asked in more.items()}


def _seal(said: Mapping[str, Any]) -> str:
    rest = {key: value for key, value in said.items() if key != SEAL}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
