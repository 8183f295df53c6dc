"""Runs that follow a slider: what `--set` says, bit for bit, and nothing else than what is set."""

from __future__ import annotations

import textwrap
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import decided
import materiel
from materiel.case.loading import load
from materiel.components.directive import Directive
from materiel.errors import CaseError, RunError
from materiel.options import Reading
from materiel.study import Study
from materiel.web.playing import Played, Player
from stock import written

DRAWS = 200
ORDER, FLOOR, DAY, GIVEN, TONNAGE, WAR = (
    "shared.order", "north.stockpiles.shell.floor", "north.contracts.export.first_day", "shared.given", "north.contracts.export.tonnage", "contingencies.war.begins",
)  # fmt: skip


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return written(tmp_path_factory.mktemp("case"), decided.CASE + decided.LEVERS)


@pytest.fixture(scope="module")
def player(case) -> Player:
    return Player(case)


@pytest.fixture(scope="module")
def derived(tmp_path_factory) -> Player:
    return Player(written(tmp_path_factory.mktemp("case"), decided.CASE))


def same(played: Played, run: materiel.Run) -> None:
    assert list(played.answers) == list(run.questions)
    for name, one in run.questions.items():
        found = played.answers[name]
        assert np.array_equal(found.values, one.values, equal_nan=True), name
        assert (found.quantiles, found.probability, found.never, found.asked.text) == (one.quantiles, one.probability, one.never, one.asked.text)


def chosen() -> st.SearchStrategy[dict[str, str]]:
    """Return any of the levers, set anywhere within their ranges."""
    days = {DAY: ("2023-01-01", 304), WAR: ("2023-02-01", 181)}
    dated = {name: st.integers(0, most).map(lambda n, first=first: str(np.datetime64(first) + n)) for name, (first, most) in days.items()}
    numbers = {ORDER: (4, 400, "kt"), GIVEN: (0, 1, ""), FLOOR: (0, 4, "Mround"), TONNAGE: (0, 100, "kt")}
    amounts = {name: st.floats(low, high).map(lambda x, unit=unit: f"{x!r} {unit}".strip()) for name, (low, high, unit) in numbers.items()}
    return st.fixed_dictionaries({}, optional=dated | amounts)


@pytest.mark.parametrize(("name", "value"), [("north.directives.surge.acts.lines.shell.target.multiply", "1.5"), ("north.directives.surge.date", "2023-09-01")])
def test_pages_tell_of_every_number_that_is_set(tmp_path, name, value):
    """Those of links as well as a component's own."""
    player = Player(written(tmp_path, textwrap.dedent(Directive.example)))
    assert name in player.levers

    def told(changes):
        return {prior.path: prior for one in player.told(changes).components.values() for prior in one.priors()}

    plain, found = told({}), told({name: value})
    assert list(found) == list(plain)
    assert {path for path in plain if found[path] != plain[path]} == {name}
    assert (found[name].constant, found[name].because) == (True, "set by hand")


@given(changes=chosen())
@settings(max_examples=25)
def test_what_is_played_is_what_a_run_with_the_same_set_says(case, player, changes):
    same(player.play(changes, DRAWS), materiel.load(case).run(draws=DRAWS, set=changes))


def test_levers_left_alone_are_the_run_of_the_case_bit_for_bit(case, player, derived):
    run = materiel.load(case).run(draws=DRAWS, seed=3)
    same(player.play({}, DRAWS, 3), run)
    same(derived.play({}, DRAWS, 3), run)


def test_curves_are_those_of_the_run(case, player):
    run, played = materiel.load(case).run(draws=DRAWS), player.play({}, DRAWS)
    assert list(played.curves) == list(run.curves) == ["left", "sent", "lasts"]
    for name, curve in run.curves.items():
        mine = played.curves[name]
        assert (mine.text, mine.unit, mine.on) == (curve.text, curve.unit, curve.on)
        assert np.array_equal(mine.days, curve.days)
        assert mine.values.shape == (len(curve.days), DRAWS)
        exact = np.quantile(mine.values, 0.5, axis=1)
        ordered = np.sort(mine.values, axis=1)
        near = np.maximum(0.002 * np.abs(exact), ordered[:, DRAWS // 2 + 1] - ordered[:, DRAWS // 2 - 2])
        assert np.all(np.abs(curve.quantiles[2] - exact) <= near + 1e-9)


def test_the_first_draws_do_not_hang_on_how_many_there_are(player):
    many, few = player.play({ORDER: "20 kt"}, DRAWS), player.play({ORDER: "20 kt"}, 33)
    for name, one in few.answers.items():
        assert np.array_equal(one.values, many.answers[name].values[:33])


def test_the_same_seed_gives_the_same_and_another_seed_another(player):
    first, again, other = (player.play({ORDER: "20 kt"}, DRAWS, seed).answers["left"].values for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_only_what_is_asked_for_is_answered_with_the_parts_of_a_ratio(player):
    everything = player.play({FLOOR: "1 Mround"}, DRAWS)
    for only, told in ({"lasts": ["lasts"], "part": ["sent", "sent-to-floor", "part"], "week": ["week"]}).items():
        played = player.play({FLOOR: "1 Mround"}, DRAWS, only=[only])
        assert list(played.answers) == told
        for name, one in played.answers.items():
            assert np.array_equal(one.values, everything.answers[name].values)
        for name, curve in played.curves.items():
            assert np.array_equal(curve.values, everything.curves[name].values)
        assert set(played.curves) == {name for name in told if name in ("lasts", "sent")}


def test_the_difference_is_nought_in_every_draw_where_nothing_differs(player):
    plain, changed = player.play({}, DRAWS), player.play({ORDER: "20 kt"}, DRAWS)
    assert np.array_equal(changed.answers["sent-for-nothing"].values, plain.answers["sent-for-nothing"].values)
    early = plain.curves["left"].days < 31  # no order is due before February but for one draw in twenty
    alike = np.all(changed.curves["left"].values[early] == plain.curves["left"].values[early], axis=0)
    assert alike.mean() > 0.9
    assert not np.array_equal(changed.answers["sent"].values, plain.answers["sent"].values)


def test_many_threads_get_what_one_gets(player):
    asked = [({ORDER: f"{4 + i} kt"}, 64 + i, ["left"] if i % 2 else ["lasts", "part"]) for i in range(12)]
    expected = [player.play(changes, draws, only=only) for changes, draws, only in asked]
    found: list[Played | None] = [None] * len(asked)

    def work(i: int) -> None:
        changes, draws, only = asked[i]
        found[i] = player.play(changes, draws, only=only)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for one, other in zip(expected, found, strict=True):
        assert other is not None
        for name in one.answers:
            assert np.array_equal(one.answers[name].values, other.answers[name].values)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"shared.oder": "3 kt"}, "'shared.oder' is no lever; one of contingencies.war.begins, shared.order, .*did you mean 'shared.order'"),
        ({ORDER: "3 kt"}, "shared.order=3 kt is beyond what may be tried; from 4 kt to 400 kt"),
        ({ORDER: "3 round"}, "shared.order=3 round: unit 'round' does not measure"),
        ({ORDER: "30"}, "shared.order=30: '30' has no unit"),
        ({ORDER: "5 to 6 kt"}, "is a range; one value"),
        ({ORDER: "nan kt"}, "is not a number"),
        ({DAY: "2023-12-24"}, "from 2023-01-01 to 2023-11-01"),
        ({DAY: "20 kt"}, "'20 kt' is not a day"),
        ({WAR: "2023-02-31"}, "'2023-02-31' is not a day"),
    ],
)
def test_what_cannot_be_tried_is_told(player, changes, told):
    with pytest.raises(RunError, match=told):
        player.play(changes, DRAWS)


def test_unknown_questions_are_told(player):
    with pytest.raises(RunError, match="unknown question 'lft'; did you mean 'left'"):
        player.play({}, DRAWS, only=["lft"])


def test_levers_are_those_declared_in_their_order_and_units(player):
    assert list(player.levers) == [WAR, ORDER, GIVEN, DAY, FLOOR, TONNAGE]
    found = player.levers[ORDER]
    assert (found.kind, found.unit, found.low, found.high, found.scale, found.constant) == ("number", "kt", 4.0, 400.0, "log", False)
    assert found.own == pytest.approx((4.0, 40.0, 400.0))
    assert (player.levers[FLOOR].low, player.levers[FLOOR].high, player.levers[FLOOR].unit, player.levers[FLOOR].scale) == (0.0, 4.0, "Mround", "linear")
    assert player.levers[GIVEN].constant
    assert player.levers[WAR].own == (151.0, 151.0, 151.0)


def test_levers_of_a_case_that_declares_none_are_what_somebody_decides(derived):
    assert list(derived.levers) == [WAR, ORDER, DAY, "north.contracts.export.duration", FLOOR]
    assert (derived.levers["north.contracts.export.duration"].low, derived.levers["north.contracts.export.duration"].high) == (2.0, 200.0)
    assert (derived.levers[WAR].low, derived.levers[WAR].high) == (0.0, 242.0)
    order = derived.levers[ORDER]
    assert order.unit == "kt"
    assert (order.low, order.high) == pytest.approx((1.54, 1040.0), rel=0.01)


@pytest.mark.parametrize("name", ["dprk-2023", "britain-1915", "us-155mm-2022"])
def test_both_ends_of_every_lever_of_the_shipped_cases_make_a_case(name):
    case = load(name)
    found = Player(name)
    assert 6 <= len(found.levers) <= 10
    for lever in found.levers.values():
        for end in (lever.low, lever.high):
            Study(name).case(Reading(set=(f"{lever.id}={lever.written(end, case)}",)))


@pytest.mark.parametrize("name", ["dprk-2023", "britain-1915", "us-155mm-2022"])
def test_a_shipped_case_with_every_lever_set_is_what_the_command_line_says(name):
    found = Player(name)
    changes = {lever.id: lever.written((lever.low + 2 * lever.high) / 3, found.case) for lever in found.levers.values()}
    same(found.play(changes, 64), materiel.load(name).run(draws=64, set=changes))


def test_a_number_that_shapes_nothing_asked_is_no_lever(tmp_path):
    text = decided.CASE.replace(
        "south: {stockpiles",
        "west: {stockpiles: {shell: {item: shell, initial: {base: 2 to 9 Mround, because: t}, floor: {base: 1 to 2 Mround, because: t}}}}\n  south: {stockpiles",
    )
    assert "west.stockpiles.shell.floor" not in Player(written(tmp_path, text)).levers


def test_a_case_with_problems_has_no_player(tmp_path):
    with pytest.raises(CaseError, match=r"no number 'shared\.oder' is given"):
        Player(written(tmp_path, decided.CASE + decided.LEVERS.replace("shared.order", "shared.oder")))
