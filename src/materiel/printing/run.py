"""What is printed of a run: its key judgements, what they rest on, how it was made."""

from __future__ import annotations

import json

import typer

from materiel.case.checks import anachronisms, unheard
from materiel.printing.phrases import few
from materiel.study import Run


def heading(run: Run) -> str:
    """Return what a reader must know before the judgements: the day, the rules, and what they rest on."""
    case, reading = run.case, run.options.reading
    lines = [f"{case.title}, as of {case.as_of}" + (f", scenario {case.scenario}" if case.scenario else "")]
    lines += [f"Set by hand: {', '.join(reading.set)}."] if reading.set else []
    shares = [answer.base_share for answer in run.questions.values() if answer.base_share == answer.base_share]
    if shares:
        ends = " to ".join(dict.fromkeys(str(round(100 * share)) for share in (min(shares), max(shares))))
        lines.append(f"Rests on assumptions, not on claims: {ends} % of the doubt that single numbers explain, question by question.")
    told = [f"rules {case.rule.name}"] if reading.rules != reading.plain.rules else []
    told += [f"without {', '.join(reading.drop)}"] if reading.drop else []
    told += ["every claim taken for independent"] if reading.independent else []
    if told:
        lines.append(f"Evidence: {'; '.join(told)}.")
    if cited := unheard(case):
        lines.append(
            f"{len(cited)} assumption{'s give' if len(cited) > 1 else ' gives'} what was dropped as a reason "
            f"and stay{' as they are' if len(cited) > 1 else 's as it is'} ({few(list(cited), 4)})."
        )
    if case.as_of < case.written:
        late = anachronisms(case)
        lines.append(f"Whatever was known later is hidden: {len(case.whole.claims) - len(case.ledger.claims)} claims. " + hindsight(late))
    if case.undeclared:
        lines.append(f"Draft: {len(case.undeclared)} numbers have neither a base nor a reason.")
    return "\n".join(lines)


def hindsight(late: dict[str, list[str]]) -> str:
    """Return how many assumptions were made with what was known only later, and which."""
    if not late:
        return "No assumption gives a reason that was known only later."
    return f"{len(late)} assumption{'s give' if len(late) > 1 else ' gives'} reasons known only later ({few(list(late), 4)})."


def judgements(run: Run) -> str:
    """Return the key judgements of a run, one a line."""
    return "\n".join(f"{i}. {sentence}" for i, sentence in enumerate(run.judgements, 1))


def before_and_after(before: Run, after: Run) -> str:
    """Return the key judgements with all evidence under the default rules, and as they are now."""
    lines: list[str] = []
    for i, (name, answer) in enumerate(before.keys.items(), 1):
        lines += [f"{i}. before: {answer.sentence}", f"{' ' * len(str(i))}  after:  {after.questions[name].sentence}"]
    return "\n".join(lines)


def footing(run: Run) -> str:
    """Return how the run was made and how well its laws hold."""
    seconds = ", ".join(f"{name} {value:.2f} s" for name, value in run.seconds.items())
    return f"{run.options.draws} draws, seed {run.options.seed}; laws hold to {max(run.laws.values(), default=0.0):.0e}; {seconds}"


def told_in(language: str, done: Run, before: Run | None) -> str:
    """Return what is told of a run in another language than English, as its report says it."""
    from materiel.report import judgements as judged
    from materiel.report.html import tell

    tellings = [tell(run, language) for run in ([done] if before is None else [before, done])]
    last = tellings[-1]
    stamp = last.say("stamp", day=last.language.date(done.case.as_of), n=done.options.draws, seed=str(done.options.seed), version=str(done.said["version"]))
    lines: list[str] = []
    for i, key in enumerate(last.keys, 1):
        sentences = [judged.sentence(one, one.run.questions[key]) for one in tellings]
        labels = [""] if before is None else [last.word(when) + last.colon for when in ("before", "after")]
        lines += [f"{i}. {label}{sentence}" for label, sentence in zip(labels, sentences, strict=True)]
    return "\n".join([str(last.texts.title), str(stamp), str(judged.rests(last)), "", *lines])


def finished(done: Run, before: Run | None, as_json: bool, language: str = "en") -> None:
    """Print a run, beside the one with all evidence under the default rules if there is one, and where its report is."""
    if as_json:
        typer.echo(json.dumps(done.json() | ({"before": before.json()} if before else {}), ensure_ascii=False, indent=2))
    elif language != "en":
        typer.echo(told_in(language, done, before))
    else:
        told = before_and_after(before, done) if before else judgements(done)
        typer.echo(f"{heading(done)}\n\n{told}\n\n{footing(done)}")
    if done.folder is not None:
        typer.echo(f"report: {done.folder / 'report.html'}", err=as_json)
