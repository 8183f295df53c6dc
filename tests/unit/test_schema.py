from __future__ import annotations

import json

import pytest
import yaml

from materiel import component
from materiel.case.schema import FORMAT, json_schema

SCHEMA = json_schema()
TYPES = component.types()


def resolved(node):
    while isinstance(node, dict) and "$ref" in node:
        node = SCHEMA["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def accepts(node, value, path: str) -> list[str]:
    """Return where a value has keys that the schema lacks, or lacks keys that it requires."""
    node = resolved(node)
    if any("anyOf" in part for part in (node,)):
        branches = [accepts(branch, value, path) for branch in node["anyOf"]]
        return min(branches, key=len)
    if node.get("type") == "array":
        return (
            [found for i, entry in enumerate(value) for found in accepts(node["items"], entry, f"{path}[{i}]")]
            if isinstance(value, list)
            else [f"{path}: no list"]
        )
    if node.get("type") != "object":
        return []
    if not isinstance(value, dict):
        return [f"{path}: no mapping"]
    properties, rest = node.get("properties", {}), node.get("additionalProperties", True)
    found = [f"{path}: lacks {key}" for key in node.get("required", []) if key not in value]
    for key, entry in value.items():
        if key in properties:
            found += accepts(properties[key], entry, f"{path}.{key}")
        elif rest is False:
            found.append(f"{path}: unknown {key}")
        elif isinstance(rest, dict):
            found += accepts(rest, entry, f"{path}.{key}")
    return found


def test_the_schema_names_its_dialect_and_is_plain_data():
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_every_reference_inside_the_schema_leads_somewhere():
    def references(node):
        if isinstance(node, dict):
            yield from ([node["$ref"]] if "$ref" in node else [])
            node = list(node.values())
        for child in node if isinstance(node, list) else []:
            yield from references(child)

    found = set(references(SCHEMA))
    assert found
    assert {reference.rsplit("/", 1)[1] for reference in found} <= set(SCHEMA["$defs"])


@pytest.mark.parametrize("section", TYPES)
def test_the_schema_accepts_the_example_of_every_type(section):
    example = yaml.load(TYPES[section].example, Loader=yaml.BaseLoader)  # noqa: S506
    assert accepts(SCHEMA, example, "case") == []


@pytest.mark.parametrize("section", TYPES)
def test_every_declared_name_is_a_key_of_the_schema_with_its_meaning(section):
    kind = TYPES[section]
    definition = SCHEMA["$defs"][section]
    declared = {**kind.parameters, **kind.options, **kind.joints, **kind.links, **kind.entries}
    assert set(definition["properties"]) == set(declared)
    for name, what in declared.items():
        assert definition["properties"][name]["description"].startswith(what.meaning)


def test_a_misspelt_key_and_a_missing_one_are_seen():
    example = yaml.load(TYPES["stockpiles"].example, Loader=yaml.BaseLoader)  # noqa: S506
    store = example["actors"]["north"]["stockpiles"]["shell"]
    store["initail"] = store.pop("initial")
    assert accepts(SCHEMA, example, "case") == [
        "case.actors.north.stockpiles.shell: lacks initial",
        "case.actors.north.stockpiles.shell: unknown initail",
    ]


def test_the_header_is_required():
    assert set(SCHEMA["required"]) == {"format", "title", "start", "end"}
    assert resolved(SCHEMA["properties"]["format"])["const"] == FORMAT


def test_questions_are_written_with_their_short_words():
    question = SCHEMA["$defs"]["Question"]["properties"]
    assert {"if", "with", "at", "threshold"} <= set(question)
    assert not {"branch", "scenario"} & set(question)


LEDGER = """
format: 1
title: A store of which some speak
start: 2023-01-01
end: 2023-12-31
scales: [icd-203, presse-fr]
correlations: [{between: [shared.a, shared.b], rank: 0.5, because: they go together}]
publishers: {press: {name: The Press, reliability: C, note: "", revisions: [{known: 2023-02-01, reliability: D, because: found out}]}}
sources: {times: {publisher: press, title: An article, published: 2023-02-01, type: article-newspaper, author: ["Doe, Jane"], container: The Times, page: "1", accessed: 2023-02-02, revisions: []}}
origins: {agency: {title: An agency, repeats: ministry, note: ""}, ministry: {title: A ministry}}
claims:
  paper:
    {source: times, statement: many, known: 2023-02-01, published: 2023-02-01, kind: converted, credibility: 3, formula: a * b, terms: {a: first, b: second}, hedge: about,
     origin: agency, agrees: [first], contradicts: [second], about: held, revisions: [{known: 2023-03-01, credibility: 4, because: found out}]}
"""


def test_the_schema_knows_every_section_of_a_ledger():
    assert accepts(SCHEMA, yaml.load(LEDGER, Loader=yaml.BaseLoader), "case") == []  # noqa: S506


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("reliability: C,", "", ["case.publishers.press: lacks reliability"]),
        ("repeats: ministry", "repeat: ministry", ["case.origins.agency: unknown repeat"]),
        ("formula: a * b", "fomula: a * b", ["case.claims.paper: unknown fomula"]),
        ("known: 2023-02-01, published: 2023-02-01, kind", "published: 2023-02-01, kind", ["case.claims.paper: lacks known"]),
        ("because: they go together", "rank2: 1", ["case.correlations[0]: lacks because", "case.correlations[0]: unknown rank2"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_slip_in_a_ledger_is_seen(right, wrong, told):
    assert right in LEDGER
    assert accepts(SCHEMA, yaml.load(LEDGER.replace(right, wrong, 1), Loader=yaml.BaseLoader), "case") == told  # noqa: S506


@pytest.mark.parametrize("name", ["Publisher", "Source", "Origin", "Claim", "Regrade", "Recredit", "Correlation"])
def test_every_key_of_a_ledger_has_a_meaning(name):
    for key, entry in SCHEMA["$defs"][name]["properties"].items():
        assert entry.get("description"), f"{name}.{key}"
