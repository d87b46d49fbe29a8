"""A gibibyte each way: to or from a WSGI app, and an ASGI app."""

import os

BLOCK = 65_536
BLOCKS = int(os.environ.get('TRANSFER_MIB', 1024)) * 16


def wsgi(environ, start_response):
    start_response('200 OK', [])
    if environ['REQUEST_METHOD'] == 'GET':
        return (bytes(BLOCK) for _ in range(BLOCKS))
    size = sum(len(block) for block in iter(lambda: environ['wsgi.input'].read(BLOCK), b''))
    return [str(size).encode()]


async def asgi(scope, receive, send):
    if scope['type'] != 'http':
        raise NotImplementedError(scope['type'])
    size = 0
    event = await receive()
    while event.get('more_body'):
        size += len(event['body'])
        event = await receive()
    size += len(event.get('body', b''))
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    if scope['method'] == 'GET':
        for _ in range(BLOCKS):
            await send({'type': 'http.response.body', 'body': bytes(BLOCK), 'more_body': True})
        await send({'type': 'http.response.body', 'body': b''})
    else:
        await send({'type': 'http.response.body', 'body': str(size).encode()})
