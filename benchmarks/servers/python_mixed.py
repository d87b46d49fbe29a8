"""uvicorn and asgiref's WsgiToAsgi: an echo beside the busy WSGI app, which asgiref hosts in one thread."""

import asyncio
import contextvars
import os
import sys
import threading
import time

import uvicorn
from asgiref.wsgi import WsgiToAsgi

WORK_SECONDS = 0.020


def busy_app(environ, start_response):
    until = time.perf_counter() + WORK_SECONDS
    while time.perf_counter() < until:
        pass
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, world\n"]


hosted = WsgiToAsgi(busy_app)


async def app(scope, receive, send):
    if scope["type"] == "http":
        # A client that is quick to ask again makes uvicorn read on in the context of the request before, and
        # asgiref then takes its thread for blocked by this one ("would deadlock"): so an empty context for each.
        return await contextvars.Context().run(asyncio.create_task, hosted(scope, receive, send))

    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": event["text"]})


class ReadyServer(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        print(f"http://127.0.0.1:{sockets[0].getsockname()[1]}", flush=True)


def end_with_stdin():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_stdin, daemon=True).start()
config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_level="warning")
ReadyServer(config).run(sockets=[config.bind_socket()])
