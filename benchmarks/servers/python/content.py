"""What every server here answers with: the same as content.js."""

import json
import time

HELLO = b"Hello, world\n"
CHUNK = b"x" * 16_384
CHUNKS = 64
MANY_CHUNKS = 512


def items_of(size):
    items = [{"id": id, "name": f"item {id}", "price": id * 7, "tags": ["a", "b"]} for id in range(100)]
    value = {"items": items, "filler": ""}
    value["filler"] = "x" * (size - len(dumps(value)))
    return value


def dumps(value):
    return json.dumps(value, separators=(",", ":")).encode()


ITEMS = items_of(10_240)


def work(query):
    seconds = int(query.partition("ms=")[2] or 0) / 1000
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass
