"""The exported model in other engines: PySD and simlin run it and end where the reference engine ends, level by level, period by period."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

import peers
import strategies
from materiel.analysis import questions
from materiel.analysis.questions import Branch
from materiel.case.loading import load
from materiel.engine.symbols import Symbol
from materiel.export import xmile
from peers import InPysd, Verdict, in_simlin, judge
from runs import examples, read

SHIPPED = ("dprk-2023", "britain-1915", "us-155mm-2022")
WAR = Branch(contingency="contingencies.war", day=9.5)


@pytest.mark.parametrize("section", sorted(examples()))
def test_simlin_agrees_on_every_example_and_finds_nothing_wrong_with_its_units(section: str, tmp_path: Path) -> None:
    case = read(examples()[section])
    for branch in {Branch(), *(one.branch for one in questions.prepare(case).values())}:
        for history in peers.histories(case, [None, 0], branch=branch):
            series, issues = in_simlin(xmile.text(history.model), tmp_path)
            verdict = judge(history, series)
            assert issues == []
            assert verdict.series > 0
            assert not verdict.wrong + verdict.excused, verdict


@pytest.mark.parametrize("section", ["contracts", "upgrades"])
def test_pysd_agrees_on_an_example(section: str, tmp_path: Path) -> None:
    (history,) = peers.histories(read(examples()[section]), [0])
    text = xmile.text(history.model)
    verdict = judge(history, InPysd(text, tmp_path).run(text))
    assert not verdict.wrong + verdict.excused, verdict


def test_simlin_agrees_on_a_shipped_case(tmp_path: Path) -> None:
    (history,) = peers.histories(load("britain-1915", step=7.0), [0])
    series, issues = in_simlin(xmile.text(history.model), tmp_path)
    verdict = judge(history, series)
    assert issues == []
    assert not verdict.wrong + verdict.excused, verdict


@settings(max_examples=4)
@given(strategies.cases(), strategies.steps)
def test_simlin_agrees_on_random_networks(tmp_path_factory: pytest.TempPathFactory, data: strategies.Data, dt: float) -> None:
    for verdict in verdicts(data, dt, tmp_path_factory.mktemp("simlin")):
        assert not verdict.wrong, verdict


def verdicts(data: strategies.Data, dt: float, folder: Path) -> Iterator[Verdict]:
    """Yield how simlin does on a random network, which is tied now and then, with its war."""
    for history in peers.histories(read(data, dt), [None, 0], branch=WAR):
        series, issues = in_simlin(xmile.text(history.model), folder)
        assert issues == []
        yield judge(history, series)


# ------------------------------------------------------------------ faults that must be found


FAULTS = {
    "a number": (r"(<aux name=\"north_lines_shell_lead_time\">\s*<eqn>)([^<]*)", r"\g<1>\g<2> * 1.0000001"),
    "a formula": (r"(<aux name=\"north_lines_shell_starts_wanted\">\s*<eqn>[^<]*) \* period", r"\1"),
    "a minimum": (r"MIN\(", "MAX("),
    "a flow that enters nothing": (r"<inflow>north_lines_shell_work_1_to_2</inflow>", ""),
    "a first value": (r"(<stock name=\"north_lines_shell_made\">\s*<eqn>)0.0", r"\g<1>0.01"),
}
"""Faults by what is at fault: a pattern of the exported text, and what stands there instead."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_the_text_is_found(fault: str, tmp_path: Path) -> None:
    case = read(examples()["lines"], 7.0)
    (history,) = peers.histories(case, [0])
    pattern, instead = FAULTS[fault]
    sound = xmile.text(history.model)
    text, count = re.subn(pattern, instead, sound)
    assert count > 0
    assert judge(history, in_simlin(sound, tmp_path)[0]).wrong == []
    assert judge(history, in_simlin(text, tmp_path)[0]).wrong != []


def test_a_wrong_unit_is_found(tmp_path: Path) -> None:
    (history,) = peers.histories(read(examples()["lines"]), [0])
    sound = xmile.text(history.model)
    text = re.sub(r"(<aux name=\"north_lines_shell_lead_time\">.*?<units>)day", r"\g<1>round", sound, count=1, flags=re.DOTALL)
    assert text != sound
    issues = in_simlin(text, tmp_path)[1]
    assert any("north_lines_shell_" in issue and "units" in issue for issue in issues)


def test_a_tie_excuses_only_what_a_peer_decided_the_other_way_and_what_comes_after_it() -> None:
    """A tied comparison lets series differ from the period in which the peer turned it, downstream of it, and nothing else."""
    (history,) = peers.histories(read(examples()["lines"]), [0])
    names = {one.name: one.number for one in history.flat.variables.values()}
    finished, made = names["north_lines_shell_finished"], names["north_lines_shell_made"]
    series = {name: history.value(number).copy() for number, name in history.names.items()}
    tied = Symbol("gt", (Symbol("variable", (), finished), Symbol("variable", (), names["north_lines_shell_good"])))
    history.ties = [(finished, tied, np.arange(len(history.periods.time)) == 100)]
    assert not judge(history, series).wrong
    assert not history.turned(series)
    for name, first, tie, excused in (
        ("north_lines_shell_made", 101, True, True),
        ("north_lines_shell_made", 101, False, False),
        ("north_lines_shell_made", 100, True, False),
        ("north_lines_shell_starts", 101, True, False),
    ):
        differing = {known: values.copy() for known, values in series.items()}
        differing["north_lines_shell_good"][100] *= 0.5 if tie else 1.0
        differing[name][first:] *= 1.5
        verdict = judge(history, differing)
        assert (name in verdict.excused) == excused
        assert any(wrong.startswith(name) for wrong in verdict.wrong) != excused
    assert history.reached({finished: 100})[made] == 101


# ------------------------------------------------------------------ the whole proof


@pytest.mark.proof
@pytest.mark.parametrize("name", SHIPPED)
def test_simlin_agrees_on_many_draws_of_shipped_cases(name: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    for branch in dict.fromkeys((Branch(), *(one.branch for one in questions.prepare(load(name)).values()))):
        draws = [None, *range(20 if branch == Branch() else 5)]
        for history in peers.histories(load(name, scenario=branch.scenario), draws, branch=branch):
            series, issues = in_simlin(xmile.text(history.model), tmp_path)
            verdict = judge(history, series)
            record_property("shown", f"{name} {branch.scenario} {branch.contingency} in simlin, {verdict}")
            assert issues == []
            assert not verdict.wrong, verdict


@pytest.mark.proof
@pytest.mark.parametrize("name", SHIPPED)
def test_pysd_agrees_on_draws_of_shipped_cases(name: str, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """The file of the first draw is translated, which takes most of the time; the files of the others must differ by their numbers only."""
    pysd: InPysd | None = None
    for history in peers.histories(load(name), [0, None, 1, 2, 3, 4]):
        text = xmile.text(history.model)
        pysd = pysd or InPysd(text, tmp_path)
        verdict = judge(history, pysd.run(text))
        record_property("shown", f"{name} in PySD, {verdict}")
        assert not verdict.wrong, verdict


@pytest.mark.proof
@pytest.mark.parametrize("section", sorted(examples()))
def test_pysd_agrees_on_every_example(section: str, tmp_path: Path) -> None:
    case = read(examples()[section])
    for n, branch in enumerate({Branch(), *(one.branch for one in questions.prepare(case).values())}):
        for history in peers.histories(case, [0], branch=branch):
            text = xmile.text(history.model)
            (tmp_path / str(n)).mkdir()
            verdict = judge(history, InPysd(text, tmp_path / str(n)).run(text))
            assert not verdict.wrong + verdict.excused, verdict


@pytest.mark.proof
def test_simlin_agrees_on_many_more_networks(tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]) -> None:
    seen: list[Verdict] = []

    @settings(max_examples=120, derandomize=False)
    @given(strategies.cases(), strategies.steps)
    def agree(data: strategies.Data, dt: float) -> None:
        for verdict in verdicts(data, dt, tmp_path_factory.mktemp("simlin")):
            seen.append(verdict)
            assert not verdict.wrong, verdict

    agree()
    told = f"{len(seen)} random networks in simlin, {sum(one.series for one in seen)} series, worst {max(one.worst for one in seen):.1e}"
    for line in (told, *(f"a tie decided the other way: {one}" for one in seen if one.turned)):
        record_property("shown", line)


@pytest.mark.proof
@pytest.mark.parametrize("section", sorted(examples()))
def test_any_equation_that_is_off_by_a_millionth_is_found(section: str, tmp_path: Path) -> None:
    """One at a time, unless it gives nought throughout; of a stock it is the first value."""
    (history,) = peers.histories(read(examples()[section], 7.0), [0])
    sound = xmile.text(history.model)
    missed: list[str] = []
    for number, name in history.names.items():
        values = history.value(number)
        if not (values[0] if number in history.levels else values.any()):
            continue
        text, count = re.subn(rf"(name=\"{name}\">\s*<eqn>)([^<]*)", r"\g<1>(\g<2>) * 1.000001", sound)
        assert count == 1
        missed += [] if judge(history, in_simlin(text, tmp_path)[0]).wrong else [name]
    assert missed == []
