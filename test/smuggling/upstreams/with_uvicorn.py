"""uvicorn, which prints each request that arrives. The argument is its parser: httptools or h11."""

import sys

import uvicorn
from telling import echo_of, end_with_stdin, ready, tell


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body, is_whole = await body_of(receive)
    query = scope["query_string"].decode("latin-1")
    fields = dict(scope["headers"])
    record = {
        "method": scope["method"],
        "target": scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""),
        "body": body.decode("latin-1"),
        "isWhole": is_whole,
        "probe": fields.get(b"x-probe", b"").decode("latin-1") or None,
        "port": scope["client"][1],
    }
    tell(record)
    headers = [(b"content-length", b"2"), (b"x-echo", echo_of(record).encode("latin-1"))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok"})


async def body_of(receive):
    body = b""
    while True:
        event = await receive()
        if event["type"] == "http.disconnect":
            return body, False
        body += event.get("body", b"")
        if not event.get("more_body", False):
            return body, True


class ReadyServer(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        ready(sockets[0].getsockname()[1])


end_with_stdin()
config = uvicorn.Config(
    app,
    host="127.0.0.1",
    port=0,
    http=sys.argv[1],
    ws="none",
    lifespan="off",
    log_level="critical",
    access_log=False,
    timeout_keep_alive=30,
)
ReadyServer(config).run(sockets=[config.bind_socket()])
