"""A WSGI app and an ASGI app that say which process answers. Each request that begins is a line of the journal."""

import asyncio
import os
import time

JOURNAL = os.open(os.environ['JOURNAL'], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
PID = str(os.getpid()).encode()
# A request that waits for the end of its process gives up after this time.
WAIT = 60


def begun(query):
    # One write, so that lines of two processes do not mix.
    os.write(JOURNAL, query + b' ' + PID + b'\n')


def wsgi(environ, start_response):
    begun(environ['QUERY_STRING'].encode())
    start_response('200 OK', [('Content-Type', 'text/plain')])
    yield PID
    if environ['PATH_INFO'].endswith('/wait'):
        time.sleep(WAIT)


async def asgi(scope, receive, send):
    if scope['type'] == 'websocket':
        return await echo(receive, send)
    if scope['type'] != 'http':
        raise NotImplementedError(scope['type'])
    begun(scope['query_string'])
    head = [(b'content-type', b'text/plain')]
    await send({'type': 'http.response.start', 'status': 200, 'headers': head})
    await send({'type': 'http.response.body', 'body': PID, 'more_body': True})
    if scope['path'].endswith('/wait'):
        await asyncio.sleep(WAIT)
    await send({'type': 'http.response.body', 'body': b''})


async def echo(receive, send):
    await receive()
    await send({'type': 'websocket.accept'})
    await send({'type': 'websocket.send', 'text': PID.decode()})
    event = await receive()
    while event['type'] == 'websocket.receive':
        await send({'type': 'websocket.send', 'text': event['text']})
        event = await receive()
