"""What the documentation of an exported variable says: its path in the case, what it means, and for a number what it rests on."""

from __future__ import annotations

from materiel.case.model import Case, Instance
from materiel.component import Parameter
from materiel.engine.draws import voices
from materiel.equations import NEVER
from materiel.evidence.pooling import Part, Prior
from materiel.export.flat import PERIOD, Variable
from materiel.export.flows import Flow
from materiel.export.model import Model

_SHARING = (
    ("_inverse", "one over the number that it is named after, computed once"),
    ("_wanted", "wanted, before anything scarce is shared"),
    ("_limit", "wanted, cut to what each resource could give if it served nobody else"),
    ("_granted_to_", "granted of a shared resource, by priority"),
    ("_left", "left of the resource after all claims"),
    ("_taken", "taken of the resource by all claims"),
    ("_reserve", "left untouched by claims that spare the reserve"),
)
"""What stands between components, by what its label has in it."""

_PARTS = (
    ("_taken_by_", "taken of the resource, no more than was left of it"),
    ("_left_after_", "left of the resource after the claims so far"),
    ("_granted_to_", "granted of the resource, no more than was left of it"),
    ("_ungranted_after_", "left of the resource after the grants so far"),
    ("_wanted", "wanted of the resource by claims of equal priority"),
    ("_fraction", "share of their wants that claims of equal priority are granted"),
    ("_spare", "what the resource holds above its reserve"),
    ("", "part of an equation that is used more than once"),
)
"""What parts of equations are, by what their names have in them."""


class Notes:
    """Writes what is known of the variables and flows of a model."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.priors = dict(model.program.priors)
        self.parameters: dict[int, Parameter] = {}
        self.meanings: dict[str, str] = {}
        for one in (*model.case.components.values(), *(asked.gauge for asked in model.asked.values() if asked.gauge)):
            self._instance(one)
        for asked in model.asked.values():
            assert asked.gauge is not None
            kept = "crossed" if asked.form == "first" else "kept"
            self.meanings[f"{asked.gauge.path}.{kept}"] = f"at the end, the answer to: {asked.text}"

    def _instance(self, one: Instance) -> None:
        program, kind = self.model.program, one.type
        for name, variable in kind.variables.items():
            self.meanings |= {program.labels[slot]: variable.meaning for slot in program.variables[f"{one.path}.{name}"]}
        self.meanings |= {f"{one.path}.{name}": resource.meaning for name, resource in kind.resources.items()}
        self.meanings |= {f"{one.path}.{name}_in": f"{inlet.meaning}, from all who deliver" for name, inlet in kind.inlets.items()}
        self.meanings |= {f"{one.path}.{name}_in_force": f"{given.meaning}, as directives have moved it" for name, given in kind.parameters.items()}
        given = [(prior, kind.parameters[name]) for name, prior in one.numbers.items() if prior is not None]
        for name, link in kind.links.items():
            given += [(prior, link.each[key]) for end in one.links[name] for key, prior in end.numbers.items()]
        for name, entries in kind.entries.items():
            given += [(prior, entries.each[key]) for row in one.entries[name] for key, prior in row.items()]
        self.parameters |= {id(prior): parameter for prior, parameter in given}

    def of(self, one: Variable | Flow) -> str:
        """Return what a variable is called in the case, what it means, and what it rests on; of a flow, what it moves from where to where."""
        if isinstance(one, Flow):
            return self._flow(one)
        if one.name == PERIOD:
            return "length of a period, the dt of the simulation: to change one is to change both"
        prior = self.priors.get(one.number)
        if prior is not None:
            return f"{one.path}: {self.parameters[id(prior)].meaning}. {self._rests(prior, one.value)}"
        if not one.path:
            return next(told for part, told in _PARTS if part in one.name)
        return f"{one.path}: {self.meanings.get(one.path) or next(told for part, told in _SHARING if part in one.path)}"

    def _flow(self, flow: Flow) -> str:
        variables = self.model.flat.variables
        ends = [f"{word} {variables[end].path}" for word, end in (("from", flow.leaves), ("to", flow.enters)) if end is not None]
        moved = variables[flow.moves] if flow.moves is not None else None
        what = f"{moved.path or moved.name} per day" if moved else "what moves per day"
        return f"{what}, {' '.join(ends)}{', either way' if flow.name.endswith('_change') else ''}"

    def _rests(self, prior: Prior, value: float) -> str:
        """Return what a number rests on: its base or constant with the reason, and whom of its pool it listened to."""
        day = ""
        if prior.unit == "date":
            day = " No day of the run." if abs(value) >= NEVER else f" The day is {self.model.case.date(value)}."
        if prior.path in self.model.branch.fixed:
            return f"Set by the branch.{day}"
        said, because = (f"{sign}{part}" if part else "" for sign, part in ((" ", prior.said), (": ", prior.because.removesuffix("."))))
        return f"{prior.kind.capitalize()}{said}{because}.{self._heard(prior)}{day}"

    def _heard(self, prior: Prior) -> str:
        """Return whom a draw listened to; for a median, everybody with a voice in the pool."""
        if len(prior.parts) == 1:
            return ""
        case, model = self.model.case, self.model
        if model.draw is None:
            return f" Median of a pool: {'; '.join(f'{100 * part.weight:.0f} % {_voice(case, part)}' for part in prior.parts)}."
        picked = int(prior.pick(voices(prior, model.seed, model.draw, 1))[0])
        return f" This draw listens to {_voice(case, prior.parts[picked])}."


def _voice(case: Case, part: Part) -> str:
    """Return one voice of a pool: the base, or its origins and claims with their sources."""
    if not part.claims:
        return "the base"
    told: list[str] = []
    for name in part.claims:
        source = case.ledger.sources[case.ledger.claims[name].source]
        publisher = case.ledger.publishers.get(source.publisher)
        told.append(f"claim {name} ({publisher.name if publisher else source.publisher}, {source.title}, {source.published})")
    return f"origin {' and '.join(part.origins)}, {', '.join(told)}"
