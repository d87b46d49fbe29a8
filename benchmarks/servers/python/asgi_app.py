"""The benchmarks' app, as an ASGI app."""

from content import CHUNK, CHUNKS, HELLO, ITEMS, dumps, work


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        return await echo(receive, send)
    path = scope["path"]
    if path == "/":
        await answer(send, b"text/plain", HELLO)
    elif path == "/json":
        await answer(send, b"application/json", dumps(ITEMS))
    elif path == "/echo":
        await answer(send, b"text/plain", b"".join([chunk async for chunk in chunks_of(receive)]))
    elif path == "/stream":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        for _ in range(CHUNKS):
            await send({"type": "http.response.body", "body": CHUNK, "more_body": True})
        await send({"type": "http.response.body"})
    elif path == "/upload":
        size = 0
        async for chunk in chunks_of(receive):
            size += len(chunk)
        await answer(send, b"text/plain", str(size).encode())
    elif path == "/busy":
        work(scope["query_string"].decode())
        await answer(send, b"text/plain", HELLO)
    else:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


async def answer(send, type, body):
    headers = [(b"content-type", type), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def chunks_of(receive):
    while True:
        event = await receive()
        yield event.get("body", b"")
        if not event.get("more_body"):
            return


async def echo(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive":
        if event.get("text") is not None:
            await send({"type": "websocket.send", "text": event["text"]})
        else:
            await send({"type": "websocket.send", "bytes": event["bytes"]})
