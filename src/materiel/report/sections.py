"""The order of a report: key judgements first, then what would change them, then what they rest on."""

from __future__ import annotations

from materiel.language.phrase import identifier, joined
from materiel.report import beliefs, editions, grounds, judgements, mind, record, rivalry
from materiel.report.blocks import Block, Document, Paragraph, Section
from materiel.report.telling import Telling

ORDER = (
    judgements.section, mind.section, rivalry.section, beliefs.section, editions.section, judgements.over_time, judgements.questions_asked, grounds.assumed, grounds.gaps, grounds.doubted,
    record.section, grounds.flow, grounds.sources,
)  # fmt: skip


def document(telling: Telling) -> Document:
    """Return the whole report; sections that have nothing to say are left out."""
    case, said, language = telling.case, telling.run.manifest(), telling.language
    stamp = telling.say("stamp", day=language.date(case.as_of), n=int(said["draws"]), seed=str(said["seed"]), version=str(said["version"]))
    if case.scenario:
        stamp = joined([stamp, telling.say("in scenario", scenario=identifier(case.scenario), text=telling.texts.scenario(case.scenario))], " ")
    first: list[Block] = [Paragraph(telling.texts.summary)] if case.summary else []
    made = [make(telling) for make in ORDER]
    return Document(
        language.name, telling.texts.title, stamp, first, [*(section for section in made if section.blocks), _stamp(telling)], telling.say("appendix")
    )


def _stamp(telling: Telling) -> Section:
    """Return how the run was made, so that anybody can make it again."""
    said, language = telling.run.manifest(), telling.language
    worst = language.decimals(f"{max(telling.run.laws.values(), default=0.0):.0e}")
    told = telling.say(
        "run stamp", run=str(said["run"]), case=str(said["case"]), digest=str(said["case_sha256"])[:16], day=language.date(telling.case.as_of), seed=str(said["seed"]),
        draws=int(said["draws"]), step=language.decimals(f"{float(said['step']):g}"), engine=str(said["engine"]), rules=str(said["rules"]),
        version=str(said["version"]), numpy=str(said["numpy"]), worst=worst,
    )  # fmt: skip
    return Section("run", telling.say("run"), [Paragraph(told, "soft")])
