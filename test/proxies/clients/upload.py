"""Uploads a body a few times with one of Python's clients, and prints a line with the status or the error for each.

Arguments: the client (http.client, requests or httpx), the URL, the size in bytes, length or chunked, the count.
"""

import http.client
import sys
from urllib.parse import urlsplit

TIMEOUT_S = 30
BLOCK = b"x" * 65_536


def blocks(size):
    while size > 0:
        yield BLOCK[:size]
        size -= len(BLOCK)


def with_http_client(url, body, chunked):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", parts.path, body=body, encode_chunked=chunked, headers={"Transfer-Encoding": "chunked"} if chunked else {})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def with_requests(url, body, chunked):
    import requests

    return requests.post(url, data=body, timeout=TIMEOUT_S).status_code


def with_httpx(url, body, chunked):
    import httpx

    return httpx.post(url, content=body, timeout=TIMEOUT_S).status_code


CLIENTS = {"http.client": with_http_client, "requests": with_requests, "httpx": with_httpx}
client, url, size, framing, count = sys.argv[1:]
for _ in range(int(count)):
    body = blocks(int(size)) if framing == "chunked" else b"x" * int(size)
    try:
        print(CLIENTS[client](url, body, framing == "chunked"), flush=True)
    except Exception as error:
        cause = error.__cause__ or error.__context__ or error
        print(f"{type(error).__name__} {cause}".splitlines()[0][:120], flush=True)
