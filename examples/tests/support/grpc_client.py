"""Ends calls of the example grpc_service in every way a call can end, and prints how often each of them was seen.

Messages are written by hand: two numbers need no generated code, and so nothing of ours is taken on trust.
usage: grpc_client.py GRPC_ADDRESS ADMIN_ADDRESS SEED
"""

import collections
import json
import random
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import grpc

ADDRESS, ADMIN, SEED = sys.argv[1:]
CHANNELS = 4
# Calls at the same time.
AT_ONCE = 48
# So often each method answers, and so often it fails in each way; the rarer ways hold a call open.
ANSWERED, FAILED, HELD = 600, 20, 5
# In seconds: of a client that means it, and of one that must not wait for ever if something is wrong.
DEADLINE, PATIENCE = 2.0, 60.0

CODES = [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK]
# Kind of call, what is sent, and how many messages come back.
METHODS = {
    "Buy": ("unary_unary", [b"\x08\x02\x10\x01"], 1),
    "Fill": ("stream_unary", [b"\x08\x01\x10\x02"] * 3, 1),
    "Browse": ("unary_stream", [b"\x0a\x01t"], 4),
    "Haggle": ("stream_stream", [b"\x08\x01\x10\x64"] * 3, 3),
}
seen = collections.Counter()
lock = threading.Lock()


def note(method, how):
    with lock:
        seen[method, how] += 1


def start(channel, method, fault=None, timeout=PATIENCE):
    """Starts a call. Whatever its kind, it can be iterated, or asked for its result, and cancelled."""
    kind, messages, _ = METHODS.get(method, ("unary_unary", [b""], 1))
    call = getattr(channel, kind)(method if method.startswith("/") else f"/shop.Shop/{method}")
    call = call.future if kind.endswith("_unary") else call
    request = iter(messages) if kind.startswith("stream") else messages[0]
    return call(request, metadata=[("x-shop-fault", fault)] if fault else [], timeout=timeout)


def end(call, method):
    """Waits for the end of a call; returns its code and how many messages came."""
    messages = 0
    try:
        if METHODS.get(method, ("_unary",))[0].endswith("_unary"):
            call.result()
            messages = 1
        else:
            for _ in call:
                messages += 1
    except (grpc.RpcError, grpc.FutureCancelledError):
        pass
    return call.code(), messages


def run(channel, method, fault, expected, how):
    """Makes a call that ends by itself; `how` says what it counts as, if that is not its code."""
    call = start(channel, method, fault, DEADLINE if how == "deadline" else PATIENCE)
    code, messages = end(call, method)
    assert code in expected, (method, fault, code, call.details())
    if code is grpc.StatusCode.OK:
        assert messages == METHODS[method][2], (method, fault, messages)
    note(method, how or code.name)


def plan():
    """Returns all calls that end by themselves, in the order in which they are made."""
    ok, unknown = [grpc.StatusCode.OK], [grpc.StatusCode.UNIMPLEMENTED]
    # A panic resets the stream, and a deadline may be the server's, which tonic tells as CANCELLED.
    reset = [grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE]
    over = [grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED]
    calls = []
    for method in METHODS:
        calls += [(method, None, ok, None)] * ANSWERED + [(method, "slow=300ms", ok, None)] * FAILED
        for when in ("", "mid-stream="):
            for code in CODES:
                calls += [(method, when + code.name.lower(), [code], None)] * FAILED
            calls += [(method, when + "panic", reset, "panic")] * HELD
            calls += [(method, when + "no-status", reset, "no-status")] * HELD
            calls += [(method, when + "hang", over, "deadline")] * HELD
        calls += [(method, "oops", [grpc.StatusCode.INVALID_ARGUMENT], None)] * FAILED
    for number in range(FAILED):
        calls += [(path, None, unknown, None) for path in (f"/shop.Shop/Guess{number}", f"/no.Such/Thing{number}")]
    random.Random(int(SEED)).shuffle(calls)
    return calls


def leave(call, method, mid_stream):
    call.cancel()
    code, _ = end(call, method)
    assert code is grpc.StatusCode.CANCELLED, (method, code)
    note(method, "aborted" if mid_stream else "cancelled")


def active():
    """Returns how many calls are under way, as the server counts them."""
    with urllib.request.urlopen(f"http://{ADMIN}/metrics", timeout=PATIENCE) as answer:
        lines = answer.read().decode().splitlines()
    return sum(int(float(line.split()[-1])) for line in lines if line.startswith("rpc_server_active_calls{"))


def under_way(count):
    until = time.monotonic() + PATIENCE
    while active() != count:
        assert time.monotonic() < until, f"{active()} calls are under way instead of {count}"
        time.sleep(0.02)


def main():
    channels = [grpc.insecure_channel(ADDRESS, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(CHANNELS)]
    # A method that is learnt is not known before it has run.
    run(channels[0], "Fill", "oops", [grpc.StatusCode.INVALID_ARGUMENT], "before")
    for method in METHODS:
        run(channels[0], method, None, [grpc.StatusCode.OK], None)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        calls = [pool.submit(run, channels[index % CHANNELS], *call) for index, call in enumerate(plan())]
        for call in calls:
            call.result()
    under_way(0)

    held = []
    for index in range(HELD):
        channel = channels[index % CHANNELS]
        held += [(start(channel, method, "hang"), method, False) for method in METHODS]
        held += [(start(channel, method, "mid-stream=hang"), method, True) for method in ("Browse", "Haggle")]
    for call, _, mid_stream in held:
        if mid_stream:
            # With a message here, a call can no longer be left before its head.
            next(call)
    under_way(len(held))
    for call in held:
        leave(*call)
    under_way(0)
    json.dump([[method, how, count] for (method, how), count in seen.items()], sys.stdout)


main()
