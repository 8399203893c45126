"""Examines the instructions that recording executes, one by one.

Valgrind runs the loop and says which addresses were executed; the disassembly says what is there. Nothing
may be locked (a `lock` prefix, or an exchange with memory, which locks by itself) and no futex may be called.
The script distrusts itself: too few instructions, or a locked one that goes unseen, is a failure.
"""

import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

TIMES = 20_000
INSTRUCTIONS_MIN = 50
LOCKED = re.compile(r"^(?:\w+ )*lock\b|^(?:\w+ )*xchg\w*\s.*\(")
# How often a locked instruction may be executed. The first latency of an octave makes the octave's cells, once
# per thread and series; a clock that stands still has no such first times.
LOCKED_MAX = {"request": 0, "routes": 0, "operation": 0, "request-system-clock": 37}


def executed(binary, work, times):
    """Returns the executed addresses of each object with how often, inside `measured` and what it calls."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind.out")
        options = ["--tool=callgrind", "--dump-instr=yes", "--toggle-collect=*measured*", "--compress-pos=no",
                   "--compress-strings=no", f"--callgrind-out-file={out}"]
        run = subprocess.run(["valgrind", *options, binary, work, str(times)], capture_output=True, text=True)
        if run.returncode != 0:
            sys.exit(f"valgrind failed:\n{run.stdout}{run.stderr}")
        return parse(out.read_text())


def parse(text):
    counts, current, inclusive = defaultdict(lambda: defaultdict(int)), None, False
    for line in text.splitlines():
        if line.startswith("ob="):
            current = line[3:]
        elif line.startswith("calls="):
            # The next line is the cost of the callee, which has lines of its own.
            inclusive = True
        elif line.startswith("0x"):
            fields = line.split()
            counts[current][int(fields[0], 16)] += 0 if inclusive else int(fields[-1])
            inclusive = False
    return counts


def disassembled(path):
    """Returns the instruction at each address of an object file."""
    run = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True, text=True, check=True)
    found = re.findall(r"^\s*([0-9a-f]+):\t(.*)$", run.stdout, re.MULTILINE)
    return {int(address, 16): instruction.strip() for address, instruction in found}


def futexes(binary, work, times):
    options = ["--tool=none", "--trace-syscalls=yes"]
    run = subprocess.run(["valgrind", *options, binary, work, str(times)], capture_output=True, text=True, check=True)
    if "SYSCALL[" not in run.stderr:
        sys.exit("valgrind traced no system call")
    return len(re.findall(r"SYSCALL\[[^\]]*\].*\bsys_futex\b", run.stderr))


def examine(binary, work, cache):
    """Returns the locked instructions of the loop with how often each ran; prints what the loop costs."""
    locked, total, own, matched = {}, 0, 0, 0
    for path, addresses in executed(binary, work, TIMES).items():
        total += sum(addresses.values())
        if path == binary:
            own += sum(addresses.values())
        if not Path(path).is_file():
            sys.exit(f"{work}: instructions of {path} cannot be examined")
        if path not in cache:
            cache[path] = disassembled(path)
        for address, count in addresses.items():
            if address not in cache[path]:
                sys.exit(f"{work}: {path} has no instruction at {address:#x}")
            matched += 1
            if LOCKED.search(cache[path][address]):
                locked[f"{Path(path).name} {address:#x}: {cache[path][address]}"] = count
    print(f"{work}: {own / TIMES:.1f} instructions each, {(total - own) / TIMES:.1f} more to read the clock and in"
          f" libraries; {matched} different ones, {len(locked)} locked, run {sum(locked.values())} times")
    return locked, matched


def main():
    binary = str(Path(sys.argv[1]).resolve())
    cache, wrong = {}, []
    for work, locked_max in LOCKED_MAX.items():
        locked, matched = examine(binary, work, cache)
        for instruction, count in locked.items():
            if count > locked_max:
                wrong.append(f"{work}: locked, run {count} times: {instruction}")
        if matched < INSTRUCTIONS_MIN:
            wrong.append(f"{work}: only {matched} instructions were seen")
        more = futexes(binary, work, 2_000) - futexes(binary, work, 0)
        if more != 0:
            wrong.append(f"{work}: {more} futex calls")
    if max(examine(binary, "locked", cache)[0].values(), default=0) < TIMES:
        wrong.append("locked: the locked instruction was not seen; this script cannot be trusted")
    print("\n".join(wrong) or "recording takes no lock: no locked instruction, no futex")
    sys.exit(1 if wrong else 0)


main()
