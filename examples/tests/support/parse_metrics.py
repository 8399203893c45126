"""Reads /metrics in both text formats with prometheus_client's parsers and prints the totals as JSON."""

import json
import sys
import urllib.request

from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

FORMATS = {
    "text": ("text/plain;version=0.0.4", "text/plain", text),
    "openmetrics": ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text", openmetrics),
}


def totals(accept, content_type, parser):
    request = urllib.request.Request(sys.argv[1], headers={"Accept": accept})
    with urllib.request.urlopen(request) as answer:
        assert answer.headers["Content-Type"].startswith(content_type + ";"), answer.headers
        document = answer.read().decode()
    sums = {}
    for family in parser.text_string_to_metric_families(document):
        assert family.documentation and family.type != "unknown", family
        for sample in family.samples:
            # The coverage and all that grows with time differ from scrape to scrape.
            if sample.name.endswith(("_count", "_bucket", "_total", "_requests")):
                name = " ".join([sample.name] + [sample.labels[key] for key in ("slo", "le") if key in sample.labels])
                sums[name] = sums.get(name, 0.0) + sample.value
    return sums


json.dump({name: totals(*how) for name, how in FORMATS.items()}, sys.stdout)
