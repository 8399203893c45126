"""Reads dashboards into the types that Grafana publishes, writes them again, and says what was lost or changed on the way.

What the schema does not know is dropped by its reader, and what has the wrong type fails in it or comes back otherwise.
"""

import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard


def lost(ours, theirs, path):
    """Says what of ours is not in theirs; they may add defaults."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from lost(value, theirs[key], f"{path}.{key}")
            # An optional value that is null is one that is not there.
            elif value is not None:
                yield f"{path}.{key} is unknown"
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (own, their) in enumerate(zip(ours, theirs)):
            yield from lost(own, their, f"{path}[{index}]")
    elif ours != theirs:
        yield f"{path} is {theirs!r} instead of {ours!r}"


register_default_plugins()
for file in sys.argv[1:]:
    with open(file, encoding="utf-8") as opened:
        ours = json.load(opened)
    theirs = json.loads(json.dumps(Dashboard.from_json(ours), cls=JSONEncoder))
    for complaint in lost(ours, theirs, file.rsplit("/", 1)[-1]):
        print(complaint)
