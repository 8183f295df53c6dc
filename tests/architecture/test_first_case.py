"""The tutorial, typed as a newcomer would: its files written, its commands run, what it shows held against what is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from materiel.cli import app

PAGE = Path(__file__).parents[2] / "docs" / "first-case.md"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]*)")?\n(.*?)^```$', re.DOTALL | re.MULTILINE)
AT_ITS_END = ", at its end"
BY_HAND = "bash"
"""Blocks that set the machine up and are not typed here."""


def write(title: str, text: str) -> None:
    """Write a file as the page shows it, or add to its end."""
    path = Path(title.removesuffix(AT_ITS_END))
    before = path.read_text(encoding="utf-8") if title.endswith(AT_ITS_END) else ""
    path.write_text(before + text, encoding="utf-8")


def mend(path: Path, text: str) -> None:
    """Replace every line marked with a minus by the lines marked with a plus below it."""
    for old, new in re.findall(r"^-(.*\n)((?:\+.*\n)+)", text, re.MULTILINE):
        content = path.read_text(encoding="utf-8")
        assert content.count(old) == 1, f"{path} has {content.count(old)} lines {old!r}"
        path.write_text(content.replace(old, re.sub(r"^\+", "", new, flags=re.MULTILINE)), encoding="utf-8")


def typed(command: str) -> str:
    """Return what a command prints."""
    program, *arguments = shlex.split(command)
    if program == "mkdir":
        Path(arguments[0]).mkdir()
        return ""
    assert program == "materiel"
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code in (0, 1), done.output
    return done.output


def agrees(shown: str, printed: str) -> bool:
    """Whether what is shown is what was printed, line by line; `…` stands for anything in a line, or for any lines."""
    lines, skipping = [line.rstrip() for line in printed.splitlines() if line.strip()], False
    for line in filter(str.strip, shown.splitlines()):
        if line == "…":
            skipping = True
            continue
        pattern = re.compile(".*".join(map(re.escape, line.split("…"))))
        found = next((i for i, one in enumerate(lines) if pattern.fullmatch(one)), None)
        if found is None or (found > 0 and not skipping):
            return False
        lines, skipping = lines[found + 1 :], False
    return skipping or not lines


def test_the_tutorial_can_be_followed_to_the_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    commands = 0
    for language, title, body in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if language == "yaml":
            write(title, body)
        elif language == "diff":
            mend(Path(title), body)
        elif language == "console":
            for command, shown in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE):
                printed = typed(command)
                assert agrees(shown, printed), f"{command}\nshown:\n{shown}\nprinted:\n{printed}"
                commands += 1
        else:
            assert language == BY_HAND
    assert commands > 10
    assert (tmp_path / "northland.html").stat().st_size > 10_000


def test_what_is_not_printed_is_not_shown() -> None:
    assert agrees("one …\n…\nthree\n", "one 1\ntwo\nthree\n")
    assert not agrees("one …\nthree\n", "one 1\ntwo\nthree\n")
    assert not agrees("one\n", "one\ntwo\n")
    assert not agrees("…\nfour\n", "one\ntwo\n")
