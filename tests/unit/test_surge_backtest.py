"""`materiel backtest`, from a file to what it says, draws and refuses."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner

from materiel.analysis.scores import crps
from materiel.cli import app
from materiel.surges import running
from materiel.surges.backtest import origins, score
from materiel.surges.methods import BASELINES
from materiel.surges.reading import read_series

ROWS = [("2022-09", 14400), ("2023-07", 24000), ("2023-09", 28000), ("2024-02", 28000), ("2024-05", 36000), ("2024-09", 40000), ("2025-07", 40000)]
LAST = next(one for one in BASELINES if one.name == "last value")


@pytest.fixture(autouse=True)
def plain_methods(monkeypatch):
    """One method in the place of ours, so that nothing is learned where that is not the point."""
    stand_in = [type(LAST)(name, LAST.rule, 1) for name in ("analogues", "growth paths")]
    monkeypatch.setattr(running, "ours", lambda _: tuple(stand_in))


@pytest.fixture
def shells(tmp_path):
    path = tmp_path / "shells.csv"
    path.write_text("period,quantity,unit\n" + "".join(f"{period},{quantity},rounds/month\n" for period, quantity in ROWS), encoding="utf-8")
    return path


def ran(*words):
    return CliRunner().invoke(app, ["backtest", *map(str, words)])


def test_scores_are_those_of_the_forecasts(shells):
    """The last value from the third point, by hand: a random walk on log(1 + rate / level)."""
    (series,) = read_series(shells, "shells.csv")
    mark = next(one for one in score(series, (LAST,), origins(series), 2).marks if (one.seen, one.horizon) == (3, 2))
    past = series.past(3)
    assert past.level == pytest.approx(np.mean([14400, 24000, 28000]))
    quantiles = LAST.rule(past, past.ahead(series.middles[4:5]))[0]
    assert mark.crps == pytest.approx(crps(quantiles, np.log1p(36000 / past.level)))
    assert mark.error == pytest.approx(8000)
    assert mark.months == pytest.approx(8, abs=0.1)


def test_plain_data_has_every_method_by_horizon(shells):
    said = json.loads(ran(shells, "--horizon", 2, "--json").stdout)
    assert list(said) == ["scale", "left_out", "series", "pictures"]
    one = said["series"]["shells"]
    assert (one["unit"], one["points"], one["origins"], list(one["horizons"])) == ("rounds/month", 7, 4, ["1", "2"])
    methods = one["horizons"]["1"]["methods"]
    assert {"last value", "drift", "damped trend", "analogues", "growth paths"} <= methods.keys()
    assert "announced target" not in methods
    assert methods["last value"].keys() == {"crps", "coverage50", "coverage90", "mae", "months", "n", "fell_back", "skill"}
    assert methods["last value"]["n"] == 4
    assert methods[one["horizons"]["1"]["best_baseline"]]["skill"] == 0
    assert methods["last value"]["skill"] == pytest.approx(1 - methods["last value"]["crps"] / methods["damped trend"]["crps"])


def test_one_origin_is_forecast_from_alone(shells):
    one = json.loads(ran(shells, "--origin", "2024-05", "--json").stdout)["series"]["shells"]
    assert (one["origins"], list(one["horizons"])) == (1, ["1", "2"])


@pytest.mark.parametrize(("origin", "why"), [("2023-07", "nothing can be forecast from '2023-07'"), ("2025-07", "nothing can be"), ("2031", "nothing can be"), ("soon", "'soon' is no period")])  # fmt: skip
def test_an_origin_that_does_not_fit_is_refused(shells, origin, why):
    done = ran(shells, "--origin", origin)
    assert done.exit_code == 1
    assert why in done.stderr
    assert "Traceback" not in done.output


def test_the_refusal_says_which_origins_there_are(shells):
    assert "shells: 2023-09 to 2024-09" in ran(shells, "--origin", "2023-07").stderr


def test_one_origin_or_all(shells):
    assert ran(shells, "--origin", "2024-05", "--rolling").exit_code == 2


def test_promises_are_forecasts_once_they_are_made(shells, tmp_path):
    targets = tmp_path / "targets.csv"
    targets.write_text("announced,period,target\n2024-03-10,2025-12,100000\n", encoding="utf-8")
    one = json.loads(ran(shells, "--targets", targets, "--json").stdout)["series"]["shells"]
    assert one["skipped"]["announced target"] == 2
    assert one["horizons"]["1"]["methods"]["announced target"]["n"] == 2


def test_what_is_wrong_is_told_with_its_place_and_exit_code(tmp_path):
    path = tmp_path / "bad.csv"
    path.write_text("period,quantity,unit\n2023-01,-1,guns\n2023-01,2,guns\n2023-03,2,guns\n2023-04,2,guns\n", encoding="utf-8")
    done = ran(path)
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"{path}:2:2: quantity -1 is negative; output of nought or more",
        f"{path}:3:1: period '2023-01' stands twice in 'bad'; one '2023-01'; the first is in line 2",
        "2 problems",
    ]
    data = json.loads(ran(path, "--json").stdout)
    assert [(one["line"], one["column"]) for one in data["problems"]] == [(2, 2), (3, 1)]


def test_the_table_is_printed_best_first_and_says_what_is_beaten(shells):
    said = ran(shells).stdout
    assert "shells: 7 points in rounds/month, 4 origins" in said
    assert "damped trend *" in said
    ranked = [float(found) for found in re.findall(r"│ (0\.\d{4}) │", said.split("├")[0])]
    assert ranked == sorted(ranked)


def test_a_picture_of_each_series_stands_alone(shells, tmp_path):
    folder = tmp_path / "drawn"
    assert "drawn: " in ran(shells, "--pictures", folder).stdout
    (path,) = folder.iterdir()
    root = ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314  # written just now
    kinds = [one.get("class") for one in root.iter()]
    assert kinds.count("seen sure") == 5
    assert kinds.count("seen") - kinds.count("seen sure") >= 2
    assert {"range90", "range50", "median"} <= set(kinds)


def test_nothing_made_so_far_cannot_be_scaled_and_is_skipped(tmp_path):
    path = tmp_path / "late.csv"
    path.write_text("period,quantity,unit\n" + "".join(f"2023-{i:02},{max(i - 5, 0)},guns\n" for i in range(1, 10)), encoding="utf-8")
    one = json.loads(ran(path, "--json").stdout)["series"]["late"]
    assert one["skipped"]["last value"] == 3
    assert one["horizons"]["1"]["methods"]["last value"]["n"] == 3
