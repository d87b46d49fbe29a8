"""Apps that publish: one for WSGI and one for ASGI."""

import json
import os
import threading
from urllib.parse import parse_qs

import isthmus

if isthmus.channels:
    isthmus.channels.publish('import', 'loaded')


def error_of(publish, *arguments):
    try:
        return publish(*arguments)
    except Exception as error:
        return f'{type(error).__name__}: {error}'


def flood(channels, path):
    """Publishes until a message is dropped, and makes a file then."""
    taken = 0
    while channels.publish('board', b'x' * 100_000):
        taken += 1
    open(path, 'w').close()
    return [taken, channels.dropped]


def from_threads(channels):
    """Each thread publishes in order."""

    def work(name):
        for number in range(100):
            channels.publish(name, number)

    threads = [threading.Thread(target=work, args=(f't{index}',)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 'done'


def in_child(channels):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if channels.publish('board', 1) is False else 1)
    return os.waitpid(pid, 0)[1]


def answer(channels, path, query):
    if path == '/publish':
        message = query.get('bytes', [''])[0].encode() or json.loads(query['message'][0])
        return channels.publish(query.get('group', ['board'])[0], message)
    if path == '/many':
        return sum(channels.publish('board', {'n': number}) for number in range(int(query['count'][0])))
    if path == '/send':
        return channels.send(query['address'][0], query.get('bytes', [''])[0].encode() or 'for you')
    if path == '/flood':
        return flood(channels, query['path'][0])
    if path == '/threads':
        return from_threads(channels)
    if path == '/child':
        return in_child(channels)
    if path == '/module':
        return isthmus.channels.publish('board', 'by the module')
    if path == '/late':
        threading.Timer(0.01, isthmus.channels.publish, ['board', 'after the response']).start()
        return True
    return None


def application(environ, start_response):
    channels = environ.get('isthmus.channels')
    value = answer(channels, environ['PATH_INFO'], parse_qs(environ['QUERY_STRING']))
    start_response('200 OK', [('Content-Type', 'application/json')])
    return [json.dumps(value).encode()]


async def asgi(scope, receive, send):
    if scope['type'] == 'lifespan':
        await receive()
        if 'isthmus.channels' in scope:
            scope['isthmus.channels'].publish('import', 'started')
        await send({'type': 'lifespan.startup.complete'})
        await receive()
        await send({'type': 'lifespan.shutdown.complete'})
        return
    channels = scope.get('isthmus.channels')
    value = answer(channels, scope['path'], parse_qs(scope['query_string'].decode()))
    await send({'type': 'http.response.start', 'status': 200})
    await send({'type': 'http.response.body', 'body': json.dumps(value).encode()})
