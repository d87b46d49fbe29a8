"""The benchmarks' app, as a WSGI app."""

from content import CHUNK, CHUNKS, HELLO, ITEMS, MANY_CHUNKS, dumps, work


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/":
        return answer(start_response, "text/plain", HELLO)
    if path == "/json":
        return answer(start_response, "application/json", dumps(ITEMS))
    if path == "/echo":
        return answer(start_response, "text/plain", environ["wsgi.input"].read())
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (CHUNK for _ in range(CHUNKS))
    if path == "/eight-mib":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (CHUNK for _ in range(MANY_CHUNKS))
    if path == "/upload":
        size = sum(len(block) for block in iter(lambda: environ["wsgi.input"].read(65_536), b""))
        return answer(start_response, "text/plain", str(size).encode())
    if path == "/busy":
        work(environ["QUERY_STRING"])
        return answer(start_response, "text/plain", HELLO)
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


def answer(start_response, type, body):
    start_response("200 OK", [("Content-Type", type), ("Content-Length", str(len(body)))])
    return [body]
