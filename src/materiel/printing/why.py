"""What is printed of the chain behind an answer: a tree of numbers, voices and claims."""

from __future__ import annotations

from rich.tree import Tree

from materiel.analysis.lineage import Cited, Driver, Voice, Why, instead
from materiel.printing.output import plain, show
from materiel.printing.phrases import counted


def chain(why: Why) -> None:
    """Print the chain of an answer as a tree."""
    tree = Tree(plain(f"{why.id}: {why.sentence}"))
    for driver in why.drivers:
        _driver(tree, driver, why)
    told = f"{round(100 * why.explained)} % of its variance is explained by these one by one" if why.drivers else "no single number stands out of the noise"
    told += " (what correlated numbers have in common counts for each)" if why.explained > 1 else ""
    tree.add(plain(f"{told}; {counted(why.others, 'other number')} {'is' if why.others == 1 else 'are'} uncertain"))
    show(tree)


def _driver(tree: Tree, driver: Driver, why: Why) -> None:
    told = f"{round(100 * driver.share)} % {driver.number}: {driver.said}; {round(100 * driver.base_share)} % of its own doubt is assumed"
    node = tree.add(plain(told + (f"; correlated with {', '.join(driver.correlated)}" if driver.correlated else "")))
    for voice in driver.voices:
        _voice(node, voice, driver, why)


def _voice(node: Tree, voice: Voice, driver: Driver, why: Why) -> None:
    weight = f"weight {round(100 * voice.weight)} %"
    if not voice.origins:
        for saying in voice.says:
            node.add(plain(f"{weight}, {'assumed' if driver.kind == 'base' else driver.kind}: {driver.base or saying.said}. {driver.because}"))
        return
    claims = [claim for saying in voice.says for claim in saying.claims]
    branch = node.add(
        plain(f"{weight}, said by {' and '.join(voice.origins)}" + (f", graded by {voice.graded_by}" if len(claims) > 1 and voice.graded_by else ""))
    )
    for saying in voice.says:
        for claim in saying.claims:
            _claim(branch, claim, heard=saying.said)
        if saying.without:
            branch.add(plain(f"without {', '.join(claim.id for claim in saying.claims)} alone: {instead(saying.without, why)}"))
    branch.add(plain(f"without this voice: {instead(voice.without, why) if voice.without else f'{voice.silent}; --exact repeats them without it'}"))


def _claim(node: Tree, claim: Cited, name: str = "", heard: str = "") -> None:
    value = f" ({claim.value})" if claim.value else ""
    told = f", heard as {heard}" if heard else ""
    node = node.add(plain(f"{name}{claim.id} [{claim.grade}, {claim.kind}, known {claim.known}]: {claim.statement}{value}{told}"))
    node.add(plain(", ".join(filter(None, (claim.publisher, claim.title, claim.url, "" if claim.seen else "page not seen")))))
    if claim.quote:
        node.add(plain(f"“{claim.quote}”" + (f" ({claim.translation})" if claim.translation else "")))
    reason = claim.note if claim.kind in ("assumed", "derived") else ""
    for label, words_ in (
        ("hedged: ", claim.hedge),
        ("worked out as: ", claim.formula),
        ("promised ", claim.promise),
        ("reason: ", reason),
        ("doubt: ", claim.doubt),
    ):
        if words_:
            node.add(plain(f"{label}{words_}"))
    for label, ids in (("same origin, same thing: ", claim.repeats), ("agrees with: ", claim.agrees), ("contradicts: ", claim.contradicts)):
        if ids:
            node.add(plain(f"{label}{', '.join(ids)}"))
    for term, other in claim.terms.items():
        _claim(node, other, f"{term} = ")
