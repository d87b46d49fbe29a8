"""ASGI apps, one for each rule."""

import asyncio
import contextvars
import json
import os

TEXT = [(b'content-type', b'text/plain')]
seen = []
state_of_lifespan = {}


async def start(send, status=200, headers=TEXT, **more):
    await send({'type': 'http.response.start', 'status': status, 'headers': headers, **more})


async def body(send, data=b'', more=False):
    await send({'type': 'http.response.body', 'body': data, 'more_body': more})


async def answer(send, value):
    await start(send)
    await body(send, json.dumps(value, default=repr).encode())


async def scope_of(scope, receive, send):
    data = dict(scope)
    data['types'] = {key: type(value).__name__ for key, value in scope.items()}
    await answer(send, data)


async def changes_state(scope, receive, send):
    scope['state']['own'] = True
    scope['state']['shared'].append(1)
    await answer(send, scope['state'])


async def echo(scope, receive, send):
    size, events = 0, 0
    more = True
    while more:
        event = await receive()
        assert event['type'] == 'http.request', event
        size += len(event['body'])
        events += 1
        more = event['more_body']
    await answer(send, [size, events > 0])


async def receives(scope, receive, send):
    """The events of a request, and those after its response."""
    seen.append(await receive())
    waiting = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    await start(send)
    await body(send, b'ok')
    seen.append(await waiting)
    seen.append(await receive())
    try:
        await body(send, b'late')
    except Exception as error:
        seen.append(type(error).__name__)


async def seen_so_far(scope, receive, send):
    await answer(send, seen)
    seen.clear()


async def abandons_receive(scope, receive, send):
    try:
        await asyncio.wait_for(receive(), 0.01)
    except asyncio.TimeoutError:
        pass
    await start(send)
    await body(send, b'waits', more=True)
    event = await receive()
    await body(send, event['body'])


async def waits_for_disconnect(scope, receive, send):
    await start(send)
    await body(send, b'waits', more=True)
    while True:
        event = await receive()
        seen.append(event['type'])
        if event['type'] == 'http.disconnect':
            break
    try:
        await body(send, b'late')
    except OSError as error:
        seen.append([type(error).__name__, isinstance(error, ConnectionResetError)])
        raise


async def waits_for_shutdown(scope, receive, send):
    await receive()
    await start(send)
    await body(send, b'waits', more=True)
    event = await receive()
    await body(send, event['type'].encode())


async def sleeps(scope, receive, send):
    await start(send)
    await body(send, b'waits', more=True)
    try:
        await asyncio.sleep(1000)
    except asyncio.CancelledError:
        seen.append('cancelled')
        raise


async def reads_fault(scope, receive, send):
    try:
        await receive()
    except OSError as error:
        seen.append(str(error))
        raise


async def streams(scope, receive, send):
    await start(send)
    for chunk in (b'one', b'', b'two'):
        await body(send, chunk, more=True)
    await body(send)


async def endless(scope, receive, send):
    await start(send)
    while True:
        await body(send, b'x' * 1000, more=True)


async def event_stream(scope, receive, send):
    await start(send, headers=[(b'Content-Type', b'text/event-stream; charset=utf-8')])
    await receive()
    await receive()


async def fails(scope, receive, send):
    raise ValueError('seat 12 does not exist')


async def fails_after_start(scope, receive, send):
    await start(send)
    raise ValueError('after the start')


async def fails_in_body(scope, receive, send):
    await start(send)
    await body(send, b'one', more=True)
    raise ValueError('in the middle')


async def fails_afterwards(scope, receive, send):
    await start(send)
    await body(send, b'ok')
    raise ValueError('in the background')


async def returns_early(scope, receive, send):
    pass


async def returns_after_start(scope, receive, send):
    await start(send, 201)


async def background(scope, receive, send):
    await answer(send, 'ok')
    while not os.path.exists(scope['query_string'].decode()):
        await asyncio.sleep(0.005)
    seen.append('background')


async def trailers(scope, receive, send):
    await start(send, trailers=True)
    await body(send, b'data')
    await send({'type': 'http.response.trailers', 'headers': [(b'x-sum', b'5')], 'more_trailers': True})
    await send({'type': 'http.response.trailers', 'headers': [(b'x-more', b'6')]})


async def hints(scope, receive, send):
    await send({'type': 'http.response.early_hint', 'links': [b'</a.css>; rel=preload']})
    await answer(send, 'ok')


async def files(scope, receive, send):
    await start(send)
    await send({'type': 'http.response.pathsend', 'path': __file__})


async def declared(scope, receive, send):
    """Sends the chunks of the query with a Content-Length of 4."""
    await start(send, headers=[(b'content-length', b'4')])
    chunks = scope['query_string'].split(b',')
    for chunk in chunks[:-1]:
        await body(send, chunk, more=True)
    await body(send, chunks[-1])


EVENTS = {
    'unknown': [{'type': 'http.response.zerocopysend'}],
    'twice': [{'type': 'http.response.start', 'status': 200}] * 2,
    'body first': [{'type': 'http.response.body'}],
    'status': [{'type': 'http.response.start', 'status': '200'}],
    'interim': [{'type': 'http.response.start', 'status': 100}],
    'name': [{'type': 'http.response.start', 'status': 200, 'headers': [(b'a b', b'c')]}],
    'str name': [{'type': 'http.response.start', 'status': 200, 'headers': [('a', b'c')]}],
    'str value': [{'type': 'http.response.start', 'status': 200, 'headers': [(b'a', 'c')]}],
    'value': [{'type': 'http.response.start', 'status': 200, 'headers': [(b'a', b'b\r\nc: d')]}],
    'str body': [{'type': 'http.response.start', 'status': 200}, {'type': 'http.response.body', 'body': 'x'}],
    'trailers': [{'type': 'http.response.start', 'status': 200}, {'type': 'http.response.trailers'}],
    'file': [{'type': 'http.response.start', 'status': 200}, {'type': 'http.response.pathsend', 'path': 'a'}],
}


async def illegal(scope, receive, send):
    for event in EVENTS[scope['query_string'].decode().replace('%20', ' ')]:
        await send(event)


async def says(scope, receive, send):
    import isthmus

    await asyncio.sleep(0)
    await answer(send, [isthmus.request_id(), isthmus.traceparent(), isthmus.deadline()])


mark = contextvars.ContextVar('mark', default='none')


async def marks(scope, receive, send):
    before = mark.get()
    mark.set('set')
    await answer(send, before)


async def logs(scope, receive, send):
    import logging

    logger = logging.getLogger('shop')
    await asyncio.get_running_loop().run_in_executor(None, logger.warning, 'from a thread')
    logger.error('from the loop')
    await answer(send, 'ok')


async def blocks(scope, receive, send):
    import time

    await start(send)
    await body(send, b'blocks', more=True)
    await asyncio.sleep(0.02)
    while not os.path.exists(scope['query_string'].decode()):
        time.sleep(0.005)
    await body(send)


# WebSockets.


async def chat(scope, receive, send):
    """Sends each message back. Some have a meaning."""
    seen.append((await receive())['type'])
    await send({'type': 'websocket.accept', 'subprotocol': 'chat', 'headers': [(b'x-name', b'caf\xe9')]})
    while True:
        event = await receive()
        if event['type'] == 'websocket.disconnect':
            seen.extend([event, await receive()])
            try:
                await send({'type': 'websocket.send', 'text': 'late'})
            except OSError as error:
                seen.append(type(error).__name__)
            return
        if event.get('text') == 'close':
            await send({'type': 'websocket.close', 'code': 3000, 'reason': 'as told'})
        elif event.get('text') == 'fail':
            raise ValueError('in a WebSocket')
        elif event.get('text') == 'scope':
            data = {key: value for key, value in scope.items() if key != 'headers'}
            await send({'type': 'websocket.send', 'text': json.dumps(data, default=repr)})
        else:
            await send({**event, 'type': 'websocket.send'})


async def floods(scope, receive, send):
    await receive()
    await send({'type': 'websocket.accept'})
    while True:
        await send({'type': 'websocket.send', 'text': 'x' * 936})


async def closes(scope, receive, send):
    await send({'type': 'websocket.close'})
    seen.append(await receive())
    seen.append(await receive())


async def denies(scope, receive, send):
    await send({'type': 'websocket.http.response.start', 'status': 404, 'headers': TEXT})
    await send({'type': 'websocket.http.response.body', 'body': b'no', 'more_body': True})
    await send({'type': 'websocket.http.response.body'})


SOCKET_EVENTS = {
    'send': [{'type': 'websocket.send', 'text': 'x'}],
    'subprotocol': [{'type': 'websocket.accept', 'subprotocol': 'other'}],
    'header': [{'type': 'websocket.accept', 'headers': [(b'sec-websocket-protocol', b'chat')]}],
    'both': [{'type': 'websocket.accept'}, {'type': 'websocket.send', 'text': 'x', 'bytes': b'x'}],
    'neither': [{'type': 'websocket.accept'}, {'type': 'websocket.send'}],
    'text': [{'type': 'websocket.accept'}, {'type': 'websocket.send', 'text': b'x'}],
    'code': [{'type': 'websocket.accept'}, {'type': 'websocket.close', 'code': 1005}],
    'reason': [{'type': 'websocket.accept'}, {'type': 'websocket.close', 'reason': 'x' * 124}],
    'closed': [{'type': 'websocket.accept'}, {'type': 'websocket.close'}, {'type': 'websocket.send', 'text': 'x'}],
}


async def illegal_socket(scope, receive, send):
    for event in SOCKET_EVENTS[scope['query_string'].decode()]:
        await send(event)


APPS = dict(globals())


async def lifespan(scope, receive, send):
    await receive()
    scope['state']['shared'] = []
    scope['state']['theatre'] = 'Globe'
    await send({'type': 'lifespan.startup.complete'})
    await receive()
    print('lifespan has ended', flush=True, file=__import__('sys').stderr)
    await send({'type': 'lifespan.shutdown.complete'})


async def app(scope, receive, send):
    """The app that the path names: /name or /name/rest."""
    if scope['type'] == 'lifespan':
        return await lifespan(scope, receive, send)
    name = scope['path'][1:].partition('/')[0]
    return await APPS[name](scope, receive, send)
