"""What moves through a network: it conserves, it is what questions say, and its picture says what its numbers say."""

from __future__ import annotations

import re
import textwrap

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import materiel
from materiel import language, network, proof
from materiel.case import translation
from materiel.case.levers import Value
from materiel.case.loading import load
from materiel.components.engagement import Engagement
from materiel.engine.draws import sample
from materiel.errors import RunError
from materiel.report import diagram
from materiel.web import moving
from materiel.web.moving import Moving
from materiel.web.table import Table

CASES = ("dprk-2023", "us-155mm-2022", "britain-1915")


@pytest.fixture(scope="module", params=CASES)
def ready(request) -> Moving:
    return Moving(load(request.param))


@pytest.fixture(scope="module")
def korea() -> Moving:
    return Moving(load("dprk-2023"), FREE)


FREE = [f"dprk.contracts.{one}.tonnage" for one in ("152-rail", "152-ship", "122-rail", "122-ship", "rockets-rail")] + ["contingencies.war.begins"]


def told(ready, moved, name="en", **how):
    chosen = language.load(name)
    return moving.told(ready, moved, translation.texts(ready.case, name), chosen, **how)


def test_what_comes_into_a_store_less_what_goes_out_is_its_change(ready):
    """Draw by draw, and so in the mean: what is lost to age leaves it as well."""
    assert conserved(ready, ready.play({})) > 3


def conserved(ready, moved) -> int:
    """Check it for every store, and return how many there are."""
    stores = [i for i, group in enumerate(ready.groups.values()) if "goods" in group.first.type.inlets]
    for i in stores:
        name = list(ready.groups)[i]
        item = ready.groups[name].first.links["item"][0].path  # fleets use up spare parts and rounds besides
        into, out = (
            moved.passed[[k for k, one in enumerate(ready.passages) if getattr(one, end) == name and one.item == item]].sum(axis=0)
            for end in ("enters", "leaves")
        )
        change = np.diff(moved.held[i] + moved.lost[i], axis=0)
        size = max(float(moved.held[i].max()), float(into.sum(axis=0).max()), 1.0)
        assert np.abs((into - out)[1:] - change).max() < 1e-9 * size, name
        assert np.abs((into - out)[1:].mean(axis=1) - change.mean(axis=1)).max() < 1e-9 * size, name
    return len(stores)


def test_totals_have_the_units_of_what_they_count(ready):
    proof.prove(network.counted(ready.case).program)


def test_what_has_passed_is_what_a_question_counts(tmp_path):
    """A total asked of a run is the sum of what passed, on the same draws."""
    (tmp_path / "case.yaml").write_text(
        """
format: 1
title: A store and its use
start: 2023-01-01
end: 2023-12-31
items: {shell: {unit: round}, steel: {unit: t}}
actors:
  north:
    supplies: {mine: {item: steel, rate: {base: 5 to 20 t/day, because: for the test}}}
    stockpiles: {shell: {item: shell, initial: {base: 50 to 80 kround, because: for the test}, shelf_life: {constant: 10 year, because: for the test}}}
    lines: {shell: {item: shell, capacity: {base: 100 to 300 round/day, because: for the test}, lead_time: {constant: 30 day, because: for the test}, inputs: {steel: {base: 40 to 90 kg/round, because: for the test}}}}
    demands: {training: {item: shell, rate: {base: 100 to 900 round/day, because: for the test}}}
questions:
  used: {text: Rounds used, total: north.demands.training.uses, start: 2023-01-01, end: 2023-12-27}
  steel: {text: Steel used, value: north.lines.shell.consumed.steel, at: 2023-12-27, unit: t}
""",
        encoding="utf-8",
    )
    study = materiel.load(tmp_path)
    run, ready = study.run(draws=moving.DRAWS), Moving(study.case())
    moved = ready.play({})
    ends = {one.id: moved.passed[i].sum(axis=0) for i, one in enumerate(ready.passages)}
    assert moved.days[-1] == 360  # as many whole stretches as fit
    assert ends["north.stockpiles.shell>north.demands.training:items.shell"] == pytest.approx(run.questions["used"].values, rel=1e-12)
    steel = moved.passed[[one.id for one in ready.passages].index("north.supplies.mine>north.lines.shell:items.steel")]
    assert steel.sum(axis=0) == pytest.approx(run.questions["steel"].values, rel=1e-12)


@settings(max_examples=8, deadline=None)
@given(st.floats(0.0, 5.0))
def test_what_is_set_is_shipped(korea, factor):
    """No tonnage, no shipment; and it never depends on what was played before."""
    plain = korea.play({}).passed
    none = korea.play(dict.fromkeys(FREE[:5], Value(0.0, "kt")))
    shipped = [
        i
        for i, one in enumerate(korea.passages)
        if one.enters.startswith("russia.stockpiles.") and one.leaves.startswith("dprk.contracts.") and "other" not in one.leaves and "parts" not in one.leaves
    ]
    assert shipped
    assert not none.passed[shipped].any()
    some = korea.play(dict.fromkeys(FREE[:5], Value(100 * factor, "kt"))).passed[shipped]
    assert some.any() == (factor > 0) or factor < 1e-6
    assert np.array_equal(korea.play({}).passed, plain)


def test_a_war_that_begins_is_fought(korea):
    day = korea.case.day(korea.case.as_of)
    moved = korea.play({"contingencies.war.begins": Value(day)})
    fought = [i for i, one in enumerate(korea.passages) if ".demands." in one.enters and one.leaves == "dprk.stockpiles.shell-152"]
    before, after = moved.days <= day, moved.days > day + korea.every
    rate = moved.passed[fought].sum(axis=0).mean(axis=1)
    assert rate[after][0] > 20 * rate[before][-1]


def test_the_same_draws_every_time(korea):
    number = next(prior for _, prior in korea.program.priors if prior.path == "dprk.stockpiles.shell-152.initial")
    share = next(prior for _, prior in korea.program.priors if prior.path == "dprk.stockpiles.shell-152.unserviceable")
    first = sample(number, 5, 0, moving.DRAWS) * (1 - sample(share, 5, 0, moving.DRAWS))
    held = korea.play({}, seed=5).held[list(korea.groups).index("dprk.stockpiles.shell-152")][0]
    assert np.corrcoef(first, held)[0, 1] > 0.999


@pytest.mark.parametrize("narrow", [False, True])
def test_the_picture_has_what_the_numbers_have(ready, narrow):
    moved = ready.play({})
    made = told(ready, moved, narrow=narrow)
    assert set(re.findall(r'data-arrow="([^"]+)"', made["svg"])) == {one["id"].replace(">", "&gt;") for one in made["arrows"]}
    assert set(re.findall(r'data-box="([^"]+)"', made["svg"])) == {one["id"] for one in made["boxes"]}
    assert "style=" not in made["svg"]
    ends = {one["id"] for one in made["boxes"]}
    assert all(one["from"] in ends and one["to"] in ends for one in made["arrows"])
    assert len({one["id"] for one in made["arrows"]}) == len(made["arrows"])
    count = len(made["days"])
    assert 50 <= count <= 70
    assert made["days"] == sorted(made["days"])
    assert all(len(one[what]) == count for one in made["arrows"] for what in ("rates", "shown", "widths"))
    assert all(len(one[what]) == count for one in made["boxes"] for what in ("levels", "shown", "brief"))
    assert made["arrows"]
    assert all(one["main"] for one in made["arrows"]) or not narrow
    width = float(re.search(r'<svg width="(\d+)"', made["svg"])[1])
    assert width <= (400 if narrow else 800)
    look = moving.NARROW if narrow else moving.WIDE
    assert all(len(text) <= look.signs for text in re.findall(r'<text (?!x="8").*?>(.*?)</text>', made["svg"]))


@pytest.mark.parametrize("narrow", [False, True])
def test_no_arrow_runs_behind_a_box(ready, narrow):
    """It leaves one box, runs between the others, and enters another: at no point of its straight stretch does it cross a box."""
    made = told(ready, ready.play({}), narrow=narrow)
    look = moving.NARROW if narrow else moving.WIDE
    corners = [(float(x), float(y)) for x, y in re.findall(r'<rect x="(\d+)" y="(\d+)" width="\d+" height="45" rx="3"/>', made["svg"])]
    assert len(corners) == len(made["boxes"])
    for x, first, last in re.findall(r" (\d+),(\d+)L\d+,(\d+)C", made["svg"]):
        low, high = sorted((float(first), float(last)))
        assert not any(left < float(x) < left + look.box and top < high and low < top + look.height for left, top in corners)


def test_rates_are_medians_in_a_unit_that_people_use(korea):
    moved = korea.play({})
    made = told(korea, moved)
    for one in made["arrows"]:
        days = {"day": 1.0, "month": 30.4375, "year": 365.25}[one["unit"].rsplit("/", 1)[1]]
        i = [passage.id for passage in korea.passages].index(one["id"])
        prefix = 1e6 if korea.passages[i].unit == "MUSD" else 1.0
        assert one["rates"] == pytest.approx(np.median(moved.passed[i], axis=1) / (korea.every * korea.case.step) * days * prefix, rel=1e-5)
        assert max(one["rates"]) >= 1 or days > 300 or not any(one["rates"])
        assert all((width > 0) == (rate > 0) for rate, width in zip(one["rates"], one["widths"], strict=True))
        assert max(one["widths"]) <= moving.WIDEST
    cash = next(one for one in made["boxes"] if one["id"] == "dprk.stockpiles.cash")
    assert cash["unit"] == "USD"
    assert "million" in cash["shown"][-1]
    assert "million" in cash["brief"][-1]
    french = told(korea, moved, "fr")
    assert {"coups/jour", "t/jour"} <= {one["unit"] for one in french["arrows"]}


def test_what_shares_a_box_is_alike(ready):
    """Members of one box have the same neighbours and the same item, so that nothing is said of one that is not true of the others."""
    of = {member.path: group for group in ready.groups.values() for member in group.members}
    assert sorted(of) == sorted({path for one in network.counted(ready.case).passing for path in (one.leaves, one.enters)})
    for group in ready.groups.values():
        assert len({(one.actor, one.type.section) for one in group.members}) == 1
        assert len(group.members) == 1 or "goods" not in group.first.type.inlets


def test_what_carries_nothing_is_left_out(korea):
    made = told(korea, korea.play({}))
    fought = told(korea, korea.play({"contingencies.war.begins": Value(korea.case.day(korea.case.as_of))}))
    assert "dprk.demands.war-rocket-240" not in {one["to"] for one in made["arrows"]}
    assert "dprk.demands.war-rocket-240" in {one["to"] for one in fought["arrows"]}
    assert made["hidden"]


def test_the_table_gives_what_moves_with_levers_set():
    """A war that begins on a day is in the picture; a mass that is set is shipped."""
    table = Table("dprk-2023")
    plain = table.flows({"language": "fr"})
    assert {"svg", "days", "arrows", "boxes", "key", "hidden"} == set(plain)
    war = next(lever.id for lever in table.player.levers.values() if lever.contingency)
    fought = table.flows({"changes": {war: "2023-10-01"}})
    assert "dprk.demands.war-rocket-240" in {one["to"] for one in fought["arrows"]}
    shipped = []
    for mass in ("20 kt", "200 kt"):
        made = table.flows({"changes": {"shared.order-mass": mass, "shared.order-first-day": "2023-09-01"}})
        shipped.append(
            sum(sum(one["rates"]) for one in made["arrows"] if one["from"].startswith("dprk.contracts.152") and one["to"].startswith("russia.stockpiles"))
        )
    assert shipped[1] > shipped[0] > 0
    assert table.flows({"language": "fr"}) == plain
    with pytest.raises(RunError, match="is no lever"):
        table.flows({"changes": {"shared.order-mas": "20 kt"}})
    with pytest.raises(RunError, match="narrow"):
        table.flows({"narrow": "yes"})


BARE = """
format: 1
title: Next to nothing
start: 2023-01-01
end: 2023-01-20
as_of: 2023-01-05
step: 7 day
items: {shell: {unit: round}}
actors: {north: {stockpiles: {shell: {item: shell, initial: {base: 5 to 80 kround, because: for the test}}}DEMAND}}
questions: {held: {text: Rounds held, value: north.stockpiles.shell.held, at: 2023-01-10}}
"""


@pytest.mark.parametrize(
    ("demand", "count"), [("", 0), (", demands: {none: {item: shell, rate: {constant: 0 round/day, because: none}}}", 0), (", demands: {some: {item: shell, rate: {base: 1 to 2 round/day, because: some}}}", 1)]
)  # fmt: skip
def test_where_nothing_moves_the_picture_is_empty(tmp_path, demand, count):
    (tmp_path / "case.yaml").write_text(BARE.replace("DEMAND", demand), encoding="utf-8")
    made = Table(tmp_path).flows({})
    assert len(made["arrows"]) == count
    assert len(made["boxes"]) == 2 * count
    assert made["svg"].startswith("<svg ")
    assert made["days"] == ["2023-01-07", "2023-01-14", "2023-01-21"]  # the last days of whole steps


def test_another_seed_asked_for_at_the_same_moment_changes_nothing(tmp_path):
    """What is kept may be replaced by another thread between any two steps."""

    class Overtaken(Moving):
        @property
        def _kept(self):
            return self.__dict__["numbers"]

        @_kept.setter
        def _kept(self, drawn):
            self.__dict__["numbers"] = {seed + 1: numbers for seed, numbers in drawn.items()}

    (tmp_path / "case.yaml").write_text(BARE.replace("DEMAND", ""), encoding="utf-8")
    case = load(tmp_path)
    assert np.array_equal(Overtaken(case).play({}, 5).held, Moving(case).play({}, 5).held)


@pytest.mark.parametrize("fights", [True, False])
def test_the_diagram_of_the_report_has_what_passes(tmp_path, fights):
    """An engagement costs fleets only where a contingency starts it; report and app agree on that."""
    text = textwrap.dedent(Engagement.example)
    assert "    contingency: war\n" in text
    (tmp_path / "case.yaml").write_text(text if fights else text.replace("    contingency: war\n", ""), encoding="utf-8")
    case = load(tmp_path)
    drawn = diagram.flow(case, translation.texts(case, "en"), language.load("en"))
    passing = {(one.leaves, one.enters) for one in network.counted(case).passing}
    assert len(passing) == drawn.count('class="link') == (2 if fights else 0)


def test_losses_of_a_war_between_actors_have_a_place_of_their_own(tmp_path):
    """Engagements belong to no actor: their box stands below all others, and what fleets lose passes into it."""
    (tmp_path / "case.yaml").write_text(textwrap.dedent(Engagement.example), encoding="utf-8")
    table = Table(tmp_path)
    war = next(iter(table.player.levers))
    made = table.flows({"changes": {war: "2023-02-01"}})
    places = {one: float(y) for one, y in re.findall(r'data-box="([^"]+)".*?<rect x="\d+" y="(\d+)"', made["svg"])}
    assert max(places, key=lambda one: places[one]) == "engagements.air"
    assert {one["from"] for one in made["arrows"]} == {"north.fleets.old", "south.fleets.new"}
    lost = next(one for one in made["boxes"] if one["id"] == "engagements.air")
    assert lost["unit"] == "aircraft/day"
    assert max(lost["levels"]) > 0
    moved = table._moving.play(table.player.read({war: "2023-02-01"}))
    conserved(table._moving, moved)
