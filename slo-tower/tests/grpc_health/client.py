"""Asks a server of grpc.health.v1 while its state changes, and prints what it sees, a line each.

The server is ours at an address, or the reference implementation's own. Of ours each change is asked for with a line
`do ...` and answered with any line. What the reference cannot do, or the two may do differently, begins with `own`.
usage: client.py ADDRESS | client.py oracle
"""

import queue
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

# In seconds: longer than anything takes, and what shows that nothing comes.
PATIENCE, SILENCE = 30.0, 0.3
Response = health_pb2.HealthCheckResponse
SERVER, SHOP, LATE = "", "shop.Shop", "shop.Nobody"


class Ours:
    def __init__(self, address):
        self.address = address

    def do(self, step):
        print("do", step, flush=True)
        assert sys.stdin.readline(), "nobody answers"

    def know(self, service):
        self.do(f"know {service}")

    def set(self, service, status):
        self.do(f"set {service or repr(service)} {Response.ServingStatus.Name(status)}")

    def drain(self):
        self.do("drain")


class Oracle:
    def __init__(self):
        self.server = grpc.server(ThreadPoolExecutor(max_workers=16))
        self.servicer = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self.servicer, self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def know(self, service):
        self.servicer.set(service, Response.SERVING)

    def set(self, service, status):
        self.servicer.set(service, status)

    def drain(self):
        self.servicer.enter_graceful_shutdown()


class Watch:
    """What one call of Watch is told, as it comes."""

    def __init__(self, name, stub, service):
        self.name, self.seen = name, queue.Queue()
        self.call = stub.Watch(health_pb2.HealthCheckRequest(service=service))
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for answer in self.call:
                self.seen.put(Response.ServingStatus.Name(answer.status))
            self.seen.put("end OK")
        except grpc.RpcError as error:
            self.seen.put(f"end {error.code().name}")

    def expect_one(self):
        print("watch", self.name, self.seen.get(timeout=PATIENCE), flush=True)

    def expect_none(self):
        try:
            print("watch", self.name, "too much:", self.seen.get(timeout=SILENCE), flush=True)
        except queue.Empty:
            print("watch", self.name, "silent", flush=True)


def check(stub, service):
    try:
        answer = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE)
        said = Response.ServingStatus.Name(answer.status)
    except grpc.RpcError as error:
        said = error.code().name
    print("check", repr(service), said, flush=True)


def settled(stub, service, status):
    """Waits until Check says so: our checks take a moment to notice."""
    deadline = time.monotonic() + PATIENCE
    while stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=PATIENCE).status != status:
        assert time.monotonic() < deadline, f"{service!r} does not become {status}"
        time.sleep(0.005)


def main():
    server = Oracle() if sys.argv[1] == "oracle" else Ours(sys.argv[1])
    stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(server.address))
    settled(stub, SERVER, Response.SERVING)

    check(stub, SERVER)
    check(stub, SHOP)
    watches = [Watch("server", stub, SERVER), Watch("shop", stub, SHOP), Watch("nobody", stub, LATE)]
    for watch in watches:
        watch.expect_one()
        watch.expect_none()

    server.know(SHOP)
    watches[1].expect_one()
    check(stub, SHOP)
    for status in (Response.NOT_SERVING, Response.SERVING) * 3:
        for watch, service in ((watches[0], SERVER), (watches[1], SHOP)):
            server.set(service, status)
            watch.expect_one()
            settled(stub, service, status)
            check(stub, service)
    for watch in watches:
        watch.expect_none()

    # One that leaves is no business of the others.
    leaving = Watch("leaving", stub, SERVER)
    leaving.expect_one()
    leaving.call.cancel()
    leaving.expect_one()

    try:
        listed = stub.List(health_pb2.HealthListRequest(), timeout=PATIENCE).statuses
        names = (f"{name or repr(name)}={Response.ServingStatus.Name(listed[name].status)}" for name in sorted(listed))
        print("own list", *names, flush=True)
    except grpc.RpcError as error:
        print("own list", error.code().name, flush=True)

    server.drain()
    for watch in watches[:2]:
        watch.expect_one()
    check(stub, SERVER)
    check(stub, SHOP)
    check(stub, LATE)
    late = Watch("late", stub, SHOP)
    late.expect_one()
    try:
        end = watches[0].seen.get(timeout=2.0).removeprefix("end ")
    except queue.Empty:
        end = "none"
    print("own end of watch", end, flush=True)


main()
