"""What readers ask and get, as plain data: the same as the command line, in both languages, with charts whose axes stay where they were."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import decided
import materiel
from materiel.cli import app
from materiel.errors import RunError
from materiel.report import chain, charts, html, judgements
from materiel.web.table import Table
from stock import written

ORDER, FLOOR, WAR = "shared.order", "north.stockpiles.shell.floor", "contingencies.war.begins"
CHANGES = {ORDER: "20 kt", FLOOR: "1.5 Mround"}


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return written(tmp_path_factory.mktemp("case"), decided.CASE + decided.LEVERS)


@pytest.fixture(scope="module")
def table(case) -> Table:
    return Table(case)


@pytest.fixture(scope="module")
def korea() -> Table:
    return Table("dprk-2023")


def test_answers_are_those_of_the_command_line(case, table):
    given = [part for name, value in CHANGES.items() for part in ("--set", f"{name}={value}")]
    told = json.loads(CliRunner().invoke(app, ["run", str(case), "--json", "--seed", "3", *given]).stdout)
    reply = table.run({"changes": CHANGES, "seed": 3, "every": True})
    assert [one["id"] for one in reply["answers"]] == [one["id"] for one in told["questions"]]
    for mine, one in zip(reply["answers"], told["questions"], strict=True):
        assert [mine[key] for key in ("text", "unit", "p5", "p50", "p95", "sentence")] == [one[key] for key in ("text", "unit", "p5", "p50", "p95", "sentence")]
        assert mine["probability"] == one.get("probability")


def test_answers_of_a_shipped_case_are_those_of_a_run(korea):
    changes = {"shared.order-mass": "20 kt", "contingencies.war.begins": "2024-05-01"}
    run = {one["id"]: one for one in materiel.load("dprk-2023").run(set=changes).json()["questions"]}
    reply = korea.run({"changes": changes})
    keys = [name for name, one in korea.case.questions.items() if one.key]
    assert {one["id"] for one in reply["answers"]} == {*keys, *korea.shown}
    for mine in reply["answers"]:
        one = run[mine["id"]]
        assert [mine[key] for key in ("text", "p5", "p50", "p95", "sentence")] == [one[key] for key in ("text", "p5", "p50", "p95", "sentence")]
        assert mine["probability"] == one.get("probability")


def test_all_of_it_is_plain_json(table, korea):
    asked = {"changes": CHANGES, "beside": True, "every": True, "against": {ORDER: "300 kt"}}
    for one in (table.about({}), table.run(asked), korea.about({"language": "fr"}), korea.run({"draws": "preview"})):
        assert json.loads(json.dumps(one, allow_nan=False)) == one


def test_about_says_what_may_be_moved(table):
    about = table.about({})
    assert about["draws"] == {"preview": 500, "full": 2000}
    assert about["shown"] == ["left", "sent", "lasts"]
    assert [one["id"] for one in about["levers"]] == list(table.player.levers)
    war, order, *_ = about["levers"]
    assert (war["kind"], war["low"], war["high"], war["said"], war["own"]["constant"]) == ("day", "2023-02-01", "2023-08-01", "1 June 2023", True)
    assert (order["kind"], order["writes"], order["low"], order["high"], order["scale"]) == ("number", "kt", 4.0, 400.0, "log")
    assert order["position"] is None
    for lever in about["levers"]:  # whatever a slider can show can be asked for
        for end in ("low", "high"):
            table.player.read({lever["id"]: f"{lever[end]} {lever['writes']}".strip()})


def test_a_day_that_never_comes_is_told_as_never(tmp_path):
    text = decided.CASE.replace("first_day: {base: 2023-02-01 to 2023-09-01,", "first_day: {constant: never,")
    about = Table(written(tmp_path, text + decided.LEVERS)).about({})
    lever = next(one for one in about["levers"] if one["id"] == "north.contracts.export.first_day")
    assert lever["said"] == "never"
    assert lever["own"] == {"p5": None, "p50": None, "p95": None, "constant": True}
    assert lever["position"] == lever["high"]  # a slider has no other place for it


def test_names_for_people_are_in_the_language(korea):
    english, french = ({one["id"]: one for one in korea.about({"language": name})["levers"]} for name in ("en", "fr"))
    assert english["shared.order-mass"]["name"] == "Mass of the suspected Russian order"
    assert french["shared.order-mass"]["name"] == "Masse de la commande russe présumée"
    assert french["contingencies.war.begins"]["said"] == "16 mars 2024"
    assert all(one["name"] != one["id"] for one in english.values() if not one["id"].startswith("shared.order-duration"))


def test_a_case_left_alone_has_no_ghost_and_no_difference(table):
    reply = table.run({})
    assert all(one["was"] is None and one["difference"] is None for one in reply["answers"])
    assert all("ghost" not in one["svg"] for one in reply["charts"])


def test_what_was_is_the_case_as_it_stands_or_what_it_is_held_against(table):
    plain, other = table.run({"every": True}), table.run({"changes": {ORDER: "300 kt"}, "every": True})
    for against, expected, said in ((None, plain, "as it stands"), ({ORDER: "300 kt"}, other, "the median of A")):
        reply = table.run({"changes": CHANGES, "every": True, "against": against})
        for mine, one in zip(reply["answers"], expected["answers"], strict=True):
            assert mine["was"] == {key: one[key] for key in ("p5", "p50", "p95", "probability", "shown")}
        for chart in reply["charts"]:
            assert ('class="ghost"' in chart["svg"]) == (said in chart["key"]) is True


def test_differences_are_taken_draw_by_draw(table):
    reply = {one["id"]: one["difference"] for one in table.run({"changes": {ORDER: "20 kt"}, "every": True})["answers"]}
    assert reply["sent-for-nothing"] == {"p5": 0.0, "p50": 0.0, "p95": 0.0, "shown": "no difference", "higher": 0.0}
    assert reply["sent"]["p5"] < 0 < reply["sent"]["higher"] < 1
    assert re.match(r".* \(90 %: .* to .*\), on the same runs; higher in .* of them, lower in .*", reply["sent"]["shown"])


def test_charts_side_by_side_have_one_axis_and_their_difference_its_own(table):
    reply = table.run({"changes": CHANGES, "against": {ORDER: "300 kt"}, "beside": True})
    assert [one["axis"] for one in reply["beside"]] == [one["axis"] for one in reply["charts"]]
    assert all("ghost" not in one["svg"] for one in reply["beside"])
    assert [one["id"] for one in reply["differences"]] == [one["id"] for one in reply["charts"]] == table.shown
    held = {one["id"]: [2 * end for end in one["axis"]] for one in reply["differences"]}
    again = table.run({"changes": CHANGES, "against": {ORDER: "300 kt"}, "beside": True, "difference_axes": held})
    assert {one["id"]: one["axis"] for one in again["differences"]} == held
    assert [one["axis"] for one in again["charts"]] == [one["axis"] for one in reply["charts"]]
    same = table.run({"changes": CHANGES, "against": CHANGES, "beside": True})
    for one in same["differences"]:
        medians = [row[one["columns"].index("p50")] for row in one["rows"]]
        assert medians == [0.0] * len(medians)


@pytest.mark.parametrize("order", [("4 kt", "400 kt"), ("400 kt", "4 kt")])
def test_charts_side_by_side_have_room_for_both(table, order):
    """Whichever of the two has the larger range, nothing of it is cut off."""
    alone = [table.run({"changes": {ORDER: mass}, "against": {ORDER: mass}, "shown": ["sent"]})["charts"][0]["axis"] for mass in order]
    reply = table.run({"changes": {ORDER: order[0]}, "against": {ORDER: order[1]}, "shown": ["sent"], "beside": True})
    assert alone[0] != alone[1]
    both = [min(low for low, _ in alone), max(high for _, high in alone)]
    assert [one["axis"] for one in (*reply["charts"], *reply["beside"])] == [both, both]


def test_an_axis_that_is_given_is_kept_and_nothing_leaves_the_plane(table):
    free = {one["id"]: one for one in table.run({"draws": "preview", "changes": {ORDER: "400 kt"}})["charts"]}
    tight = {"sent": [0.0, free["sent"]["axis"][1] / 10]}
    kept = {one["id"]: one for one in table.run({"draws": "preview", "changes": {ORDER: "400 kt"}, "axes": tight})["charts"]}
    assert kept["sent"]["axis"] == tight["sent"]
    assert kept["left"]["svg"] == free["left"]["svg"]
    drawn = re.findall(r' d="M([^"]*)"', kept["sent"]["svg"])
    places = [float(place.split(",")[1]) for path in drawn for place in path.rstrip("Z").split("L")]
    lines = [float(y) for y in re.findall(r'class="grid" x1="50" x2="\d+" y1="([\d.]+)"', kept["sent"]["svg"])]
    assert min(lines) <= min(places) <= max(places) <= max(lines)


def test_charts_are_pictures_without_styles_and_scripts(korea):
    for chart in korea.run({"draws": "preview", "language": "fr", "narrow": True})["charts"]:
        root = ElementTree.fromstring(chart["svg"])  # noqa: S314  # our own
        assert root.get("viewBox").startswith("0 0 380 ")
        assert not {one.tag.rpartition("}")[2] for one in root.iter()} & {"script", "style", "foreignObject", "a"}
        assert not [name for one in root.iter() for name in one.attrib if name == "style" or name.startswith("on") or "href" in name]


def test_words_of_strangers_are_escaped(tmp_path):
    text = (decided.CASE + decided.LEVERS).replace("fan: Shells sent a day", 'fan: "<script>alert(1)</script> & sent"')
    reply = Table(written(tmp_path, text)).run({"draws": "preview", "changes": {ORDER: "20 kt"}, "beside": True})
    for chart in [*reply["charts"], *reply["differences"]]:
        assert "<script" not in chart["svg"]
        ElementTree.fromstring(chart["svg"])  # noqa: S314  # our own


def test_a_preview_answers_what_is_shown_and_key_ones_that_cost_nothing(korea):
    reply = korea.run({"draws": "preview", "shown": ["shipped-2023"]})
    assert reply["draws"] == 500
    assert [one["id"] for one in reply["charts"]] == ["shipped-2023"]
    told = {one["id"] for one in reply["answers"]}
    assert {"shipped-2023", "shipped-mid-2024", "output-rise", "first-week"} <= told  # the war leaves the same runs
    assert "self-sufficiency" not in told  # asked of runs without imports


def test_a_decision_that_is_moved_stands_on_its_new_day(korea):
    changes = {"shared.call-date": "2023-12-01", "contingencies.war.begins": "2024-05-01", "shared.order-mass": "20 kt"}
    run = materiel.load("dprk-2023").run(set=changes)
    telling = html.tell(run)
    for chart in korea.run({"changes": changes, "against": changes})["charts"]:
        expected = judgements.fan(telling, chart["id"])
        drawn = re.findall(r'class="event" x1="([\d.]+)".*?<text class="tick"[^>]*>([^<]*)<', chart["svg"])
        assert [name for _, name in drawn] == [name for name, _ in sorted(expected.events.items(), key=lambda event: event[1])]
        assert re.findall(r'class="event" x1="([\d.]+)"', charts.fan(run.case, expected, telling.language)) == [x for x, _ in drawn]


def test_a_preview_is_the_first_draws_of_the_full_run(table):
    full = table.player.play(CHANGES, 2000, only=["sent"]).answers["sent"].values[:500]
    assert (table.player.play(CHANGES, 500, only=["sent"]).answers["sent"].values == full).all()


def test_what_is_copied_gives_the_same_run(case, table, tmp_path):
    reply = table.run({"changes": CHANGES, "seed": 3, "every": True})
    medians = {one["id"]: one["p50"] for one in reply["answers"]}
    copied = reply["copy"]
    assert (
        copied["command"] == f"materiel run {case.parent.name} --draws 2000 --seed 3 --set 'shared.order=20 kt' --set 'north.stockpiles.shell.floor=1.5 Mround'"
    )
    held: dict[str, materiel.Run] = {}
    exec(copied["python"].replace(repr(case.parent.name), repr(str(case))), held)  # noqa: S102  # what readers are told to run is run
    assert {name: one.quantiles[50] for name, one in held["run"].questions.items()} == medians
    scenario = copied["yaml"].removeprefix("scenarios:\n")
    there = written(tmp_path, case.read_text().replace("scenarios:\n", f"scenarios:\n{scenario}"))
    run = materiel.load(there).run(seed=3, scenario="tried")
    assert {name: one.quantiles[50] for name, one in run.questions.items()} == medians


def test_what_a_copy_cannot_hold_is_said_in_it(case, table):
    day = f"{WAR} = 2023-03-01"
    for changes in ({WAR: "2023-03-01"}, {WAR: "2023-03-01", ORDER: "20 kt"}):
        copied = table.run({"changes": changes, "draws": "preview"})["copy"]
        held = yaml.safe_load(copied["yaml"])["scenarios"]["tried"]["set"]
        assert list(held) == [name for name in changes if name == ORDER]
        assert f"# not in it: {day}" in copied["yaml"]
        assert "#" not in copied["command"] + copied["python"]  # which hold it
    said = table.run({})["copy"]
    assert yaml.safe_load(said["yaml"])["scenarios"]["tried"]["set"] == {}
    assert "#" not in "".join(said.values())
    theirs = Table(case, brought=True).run({"draws": "preview"})["copy"]
    assert f"# {case.parent.name}: the folder in which you keep this case" in theirs["command"]


def test_runs_are_named_as_the_command_line_names_them(case, table):
    foot = table.run({"changes": CHANGES})["charts"][0]["foot"]
    assert materiel.load(case).run(set=CHANGES).identity in foot
    about = table.run({"changes": CHANGES})["charts"][0]["about"]
    assert about["run"]["run"] in foot


def test_the_chain_behind_an_answer_is_a_piece_of_a_page(korea):
    found = korea.why({"question": "days-of-supply", "language": "fr", "changes": {"shared.order-mass": "20 kt"}})["html"]
    root = ElementTree.fromstring(f"<div>{found}</div>".replace(" hidden>", ' hidden="">'))  # noqa: S314  # our own
    assert root.find("details") is not None
    assert not [one for one in root.iter() if one.get("style")]
    assert "shared.order-mass" not in found  # what is set is no longer uncertain


@settings(max_examples=25)
@given(low=st.floats(-1e15, 1e15), width=st.floats(1e-15, 1e15))
def test_any_axis_that_is_taken_can_be_drawn(table, low, width):
    asked = {"draws": "preview", "shown": ["left"], "axes": {"left": [low, low + width]}}
    try:
        (chart,) = table.run(asked)["charts"]
    except RunError as error:
        assert "no axis goes from" in str(error)  # noqa: PT017  # either way is right
    else:
        assert 3 <= chart["svg"].count('class="grid"') <= 60


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"draw": "full"}, r"draw: extra inputs are not permitted; what may be asked: language, seed, changes, "),
        ({"draws": 100000}, "draws: input should be 'preview' or 'full'"),
        ({"seed": -1}, "seed: input should be greater than or equal to 0"),
        ({"seed": "1"}, "seed: input should be a valid integer"),
        ({"changes": {ORDER: 20}}, r"changes\.shared\.order: input should be a valid string"),
        ({"changes": {ORDER: "500 kt"}}, "beyond what may be tried; from 4 kt to 400 kt"),
        ({"shown": ["week"]}, "question 'week' has no chart; one of left, sent, lasts"),
        ({"shown": ["a"] * 5}, "at most 4"),
        ({"axes": {"left": [1.0]}}, r"axes\.left: list should have at least 2 items"),
        ({"axes": {"left": [2.0, 1.0]}}, r"axes\.left: value error, no axis goes from 2 to 1"),
        ({"axes": {"left": [1e14, 1e14 + 0.05]}}, r"axes\.left: value error, no axis goes from 1e\+14 to 1e\+14"),
        ({"axes": {"left": [0.0, float("inf")]}}, r"axes\.left"),
        ({"axes": {"left": [float("nan"), 1.0]}}, r"axes\.left"),
        ({"changes": {ORDER: "2" * 101}}, "should have at most 100 characters"),
        ({"language": "de"}, "unknown language 'de'"),
    ],
)
def test_what_is_asked_wrong_is_told_in_a_sentence(table, asked, told):
    with pytest.raises(RunError, match=told):
        table.run(asked)


@pytest.mark.parametrize("question", ["days-of-supply", "output-rise"])
def test_the_chain_is_that_of_a_run_with_the_same_set(korea, question):
    changes = {"shared.order-mass": "20 kt", "contingencies.war.begins": "2024-05-01"}
    run = materiel.load("dprk-2023").run(set=changes, only=(question,))
    assert korea.why({"question": question, "changes": changes})["html"] == html.fragment([chain.about(html.tell(run), question)])


@pytest.mark.parametrize(("language", "said"), [("en", "(begins on 2024-05-01 instead)"), ("fr", "(commence le 1er mai 2024 au lieu de ce jour)")])
def test_a_war_that_is_moved_is_told_as_moved_in_every_language(korea, language, said):
    reply = korea.run({"changes": {"contingencies.war.begins": "2024-05-01"}, "language": language, "draws": "preview"})
    told = {one["id"]: one for one in reply["answers"]}
    assert told["days-of-supply"]["text"].endswith(said)
    assert said in told["days-of-supply"]["sentence"]
    assert said not in told["shipped-2023"]["sentence"]
    assert [said in chart["title"] for chart in reply["charts"]] == [chart["id"] == "days-of-supply" for chart in reply["charts"]]
