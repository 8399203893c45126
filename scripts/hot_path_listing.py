"""Lists what the instructions of one request are for, in named groups that sum up to the total.

Callgrind says how often each address was executed, the debug information which functions are inlined there. An
address belongs to the innermost function around it that a group names, so that an addition inlined from the standard
library belongs to whoever adds. What no group names is listed by itself, and too much of it is a failure.
What a function of the C library costs belongs to the group that names it.

`GROUPS` is what to edit when code moves: the first group that has a pattern for a function takes it.
"""

import re
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

# Each pattern is searched in `file:function` of every function around an address, the innermost first. Files of no
# group, such as the standard library's and `slo-core/src/sync`, leave an address to whoever they are inlined into.
GROUPS = [
    ("clock", [r"/quanta-", r"slo-core/src/time/", r"rdtsc"]),
    ("thread-local access and this thread's shard",
     [r"std/src/thread/local\.rs", r"std/src/sys/thread_local", r"slo-core/src/registry/(local|directory)\.rs"]),
    ("route look-up",
     [r"slo-core/src/registry/places\.rs", r"slo-core/src/registry/hot\.rs:.*is_called", r"slo-core/src/registry/routes?\.rs",
      r"slo-core/src/sync/segments\.rs", r"slo-tower/src/(route/|axum\.rs)", r"first_route", r"memcmp|bcmp"]),
    ("scope and mark",
     [r"slo-core/src/registry/(scope|declare|operation)\.rs", r"slo-tower/src/record/entered\.rs",
      r"slo-tower/src/__private\.rs"]),
    ("SLO judging",
     [r"slo-core/src/registry/(goal|held)\.rs", r"slo-core/src/registry/\w+\.rs:.*judge", r"slo-core/src/objective/"]),
    ("histogram cells", [r"slo-core/src/histogram/", r"std/src/sync/once|std/src/sys/sync/once"]),
    ("counters of the route and the series", [r"slo-core/src/registry/(hot|shard|tally)\.rs"]),
    ("attempt: start and end", [r"slo-core/src/registry/"]),
    ("classification", [r"slo-tower/src/classify\.rs"]),
    ("layer: request in", [r"slo-tower/src/record/(service|mod)\.rs", r"slo-tower/src/registry\.rs"]),
    ("layer: response future", [r"slo-tower/src/record/future\.rs", r"drop_in_place<slo_tower::record::future"]),
    ("layer: response body",
     [r"slo-tower/src/record/", r"drop_in_place<slo_tower::record", r":slo_tower::record::body::ResponseBody"]),
    ("moves of requests, responses and bodies (memcpy)", [r"memcpy|memmove|memset"]),
    ("memory (malloc, free)",
     [r"/stats_alloc-", r"__rust_\w*alloc", r"malloc|calloc|realloc", r"^libc.*:(cfree|free|_int_free|alloc_perturb)\b"]),
    ("request and response heads (http, bytes)",
     [r"/http-\d", r"/bytes-\d", r"drop_in_place<.*http::", r"alloc/src/vec/.*:.*drop"]),
    ("inner response body (http-body, axum)",
     [r"/http-body", r"/axum-core-", r"/sync_wrapper-", r"/futures-", r"drop_in_place<.*(axum|http_body)"]),
    ("router (axum, tower)", [r"/axum-\d", r"/tower-", r"/matchit-"]),
    ("inner service, request building, harness", [r"benches/src/", r":slo_benches::harness"]),
]
# Of all instructions, the share that no group may name.
UNNAMED_MAX = 0.05
MARK = "counted_by_callgrind"
TURNS = 2_000


def main():
    detailed = "--detail" in sys.argv[2:]
    binary = str(Path(sys.argv[1]).resolve())
    runs = works(binary)
    unnamed = []
    print("# What the instructions of a request are for\n\nWritten by `scripts/hot-path.sh --listing`.")
    for title, bare, layered in runs:
        costs = [grouped(binary, run) for run in (bare, layered)]
        print(f"\n## {title}\n")
        print(table(*costs, detailed))
        for cost in costs:
            total = sum(cost.values())
            lost = sum(count for (group, _), count in cost.items() if group is None)
            if total < 100 * TURNS:
                unnamed.append(f"{title}: only {total / TURNS:.1f} instructions were seen")
            if lost > UNNAMED_MAX * total:
                unnamed.append(f"{title}: {lost / TURNS:.1f} of {total / TURNS:.1f} instructions have no name: "
                               "name them in GROUPS of scripts/hot_path_listing.py")
    if unnamed:
        sys.exit("\n".join(unnamed))


def works(binary):
    """Returns what to list: a title, the run without the layer and the run with it."""
    listed = subprocess.run([binary, "list"], capture_output=True, text=True, check=True).stdout
    runs = {}
    for line in listed.splitlines():
        section, competitor, title, name = line.split("\t")
        if title.startswith("layer over a bare tower service"):
            runs[name] = (section, competitor)
    ours = [name for name in runs if name.startswith("slo")]
    if "bare" not in runs or not ours:
        sys.exit(f"{binary} lists no layer over a tower service:\n{listed}")
    return [(f"One request through the layer: {name}", runs["bare"], runs[name]) for name in ours]


@cache
def grouped(binary, run):
    """Returns the instructions of all turns by group and function; the group of the unnamed is None."""
    counts = executed(binary, run)
    stacks = functions(binary, [address for (path, address) in counts if path == binary])
    total = Counter()
    for (path, address), symbols in counts.items():
        for symbol, count in symbols.items():
            total[named(stacks.get(address, []) if path == binary else [], path, symbol)] += count
    return total


def executed(binary, run):
    """Returns how often each address of each object file was executed, by the symbol it is in."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind.out")
        options = ["--command-line-only=yes", "--tool=callgrind", "--dump-instr=yes", f"--toggle-collect=*{MARK}*",
                   "--compress-pos=no", "--compress-strings=no", f"--callgrind-out-file={out}"]
        done = subprocess.run(["valgrind", *options, binary, "run", *run], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"valgrind failed:\n{done.stdout}{done.stderr}")
        text = out.read_text()
    counts, path, symbol, inclusive = defaultdict(Counter), None, None, False
    for line in text.splitlines():
        if line.startswith("ob="):
            path = line[3:]
        elif line.startswith("fn="):
            symbol = line[3:]
        elif line.startswith("calls="):
            # The next line is the cost of the callee, which has lines of its own.
            inclusive = True
        elif line.startswith("0x"):
            fields = line.split()
            if not inclusive:
                counts[path, int(fields[0], 16)][symbol] += int(fields[-1])
            inclusive = False
    total = re.search(r"^totals: (\d+)$", text, re.MULTILINE)
    seen = sum(symbols.total() for symbols in counts.values())
    if total is None or int(total[1]) != seen:
        sys.exit(f"callgrind counted {total and total[1]} instructions, but {seen} were read")
    return counts


def functions(binary, addresses):
    """Returns `file:function` of the functions around each address, the innermost first."""
    command = ["addr2line", "--exe", binary, "--addresses", "--functions", "--inlines", "--demangle"]
    asked = "".join(f"{address:#x}\n" for address in addresses)
    lines = subprocess.run(command, input=asked, capture_output=True, text=True, check=True).stdout.splitlines()
    stacks, current, at = {}, [], 0
    while at < len(lines):
        if re.fullmatch(r"0x[0-9a-f]+", lines[at]):
            current = stacks.setdefault(int(lines[at], 16), [])
            at += 1
        else:
            current.append(f"{shortened(lines[at + 1])}:{lines[at]}")
            at += 2
    return stacks


def shortened(place):
    """Returns the path of a source file from its crate on."""
    path = re.sub(r":\S*( \(.*\))?$", "", place)
    path = re.sub(r"^.*/registry/src/[^/]+", "", path)
    path = re.sub(r"^.*/library/(?=core/|alloc/|std/)", "", path)
    return re.sub(r"^.*/(?=(slo-core|slo-tower|slo-macros|benches)/src/)", "", path)


def named(stack, path, symbol):
    """Returns the group and the function that an address is counted in."""
    # The symbol says most where there is no debug information, and names what is shared by many types.
    for frame in [*stack, f"{Path(path).name}:{symbol}"]:
        for group, patterns in GROUPS:
            if any(re.search(pattern, frame) for pattern in patterns):
                return group, frame
    return None, (stack or [f"{Path(path).name}:{symbol}"])[-1]


def table(bare, layered, detailed):
    """Returns the Markdown table of both runs and of what the second has more."""
    rows = {group: (per_turn(bare, group), per_turn(layered, group)) for group, _ in GROUPS}
    for function in sorted({function for group, function in [*bare, *layered] if group is None}):
        rows[f"unnamed: `{function}`"] = (bare[None, function] / TURNS, layered[None, function] / TURNS)
    total = (sum(bare.values()) / TURNS, sum(layered.values()) / TURNS)
    added = total[1] - total[0]
    lines = ["| group | without | with | added | share of added |", "|---|--:|--:|--:|--:|"]
    for group, (without, has) in sorted(rows.items(), key=lambda row: row[1][0] - row[1][1]):
        if without or has:
            lines.append(f"| {group} | {without:.1f} | {has:.1f} | {has - without:+.1f} | {(has - without) / added:.1%} |")
            if detailed:
                lines += details(bare, layered, group)
    lines.append(f"| **all** | **{total[0]:.1f}** | **{total[1]:.1f}** | **{added:+.1f}** | **100.0%** |")
    return "\n".join(lines)


def per_turn(cost, wanted):
    return sum(count for (group, _), count in cost.items() if group == wanted) / TURNS


def details(bare, layered, wanted):
    """Returns a row for each function of a group."""
    found = {function for group, function in [*bare, *layered] if group == wanted}
    by_cost = sorted(found, key=lambda function: bare[wanted, function] - layered[wanted, function])
    pairs = [(name, bare[wanted, name] / TURNS, layered[wanted, name] / TURNS) for name in by_cost]
    return [f"| · `{name}` | {without:.1f} | {has:.1f} | {has - without:+.1f} | |" for name, without, has in pairs]


main()
