"""Judges answers of probes by the schemas beside it, and the schemas by what they must refuse.

Reads a list of {"of", "format", "http", "body"} from its standard input. Ends with 1 if a document is not valid, or one of
broken.json is not refused.
"""

import json
import pathlib
import sys

import jsonschema

HERE = pathlib.Path(__file__).parent
POSITIVE = {"health": ("pass", "warn"), "microprofile": ("UP",)}


def validator(format):
    schema = json.loads((HERE / f"{format}.schema.json").read_text())
    kind = jsonschema.validators.validator_for(schema, default=None)
    kind.check_schema(schema)
    return kind(schema)


VALIDATORS = {format: validator(format) for format in POSITIVE}


def refuse_twice(pairs):
    """Names of components are unique; Python would keep the last one and say nothing."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"a name is there twice: {names}")
    return dict(pairs)


def complaints(answer):
    """Returns what is wrong with an answer: nothing, in the end."""
    format = answer["format"]
    try:
        document = json.loads(answer["body"], object_pairs_hook=refuse_twice)
    except ValueError as error:
        return [f"it is no JSON: {error}"]
    wrong = [f"{error.json_path}: {error.message}" for error in VALIDATORS[format].iter_errors(document)]
    if wrong:
        return wrong
    # Both texts tie the status of HTTP to that of the document.
    if (200 <= answer["http"] < 400) != (document["status"] in POSITIVE[format]):
        return [f"it was answered {answer['http']}, but is {document['status']}"]
    return []


def main():
    answers = json.load(sys.stdin)
    failed = False
    for answer in answers:
        for wrong in complaints(answer):
            failed = True
            print(f"{answer['format']} {answer['of']}: {wrong}\n  {answer['body']}")
    broken = json.loads((HERE / "broken.json").read_text())
    for case in broken:
        text = case["text"] if "text" in case else json.dumps(case["document"])
        wrong = complaints({"format": case["format"], "http": case["http"], "body": text})
        if not any(case["because"] in reason for reason in wrong):
            failed = True
            print(f"{case['format']}: {text} should be refused because of {case['because']!r}, not {wrong}")
    if failed:
        sys.exit(1)
    print(f"{len(answers)} documents are valid, {len(broken)} broken ones are refused")


main()
