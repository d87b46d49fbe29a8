"""WSGI apps, one for each rule."""

import contextvars
import json
import os
import sys
import threading
import time

TEXT = [('Content-Type', 'text/plain')]
closed = []


def environ_of(environ, start_response):
    start_response('200 OK', [('Content-Type', 'application/json')])
    data = {key: value for key, value in environ.items() if isinstance(value, (str, bool, int, float, dict, list))}
    data['types'] = {key: type(value).__name__ for key, value in environ.items()}
    return [json.dumps(data).encode()]


def echo(environ, start_response):
    body = environ['wsgi.input'].read()
    start_response('200 OK', TEXT)
    return [b'%d:' % len(body), body[:40]]


def reads(environ, start_response):
    source = environ['wsgi.input']
    got = [source.read(0), source.read(3), source.readline(), source.readline(4), source.readlines(), source.read()]
    start_response('200 OK', TEXT)
    return [repr(got).encode()]


def long_list(environ, start_response):
    start_response('200 OK', TEXT)
    return [b'x' * 50_000] * 4


def empty(environ, start_response):
    start_response('204 No Content', [])
    return []


def streamed(environ, start_response):
    start_response('200 OK', TEXT)
    yield b''
    yield b'one'
    yield b'two'


def writes(environ, start_response):
    write = start_response('200 OK', TEXT)
    write(b'one')
    write(b'')
    write(b'two')
    return [b'three']


def late_start(environ, start_response):
    yield b''
    start_response('201 Created', TEXT)
    yield b'late'


def declared(environ, start_response):
    start_response('200 OK', [('Content-Length', '6')])
    yield b'abc'
    yield b'def'
    closed.append('after the last chunk')


def too_long(environ, start_response):
    start_response('200 OK', [('Content-Length', '4')])
    yield b'abc'
    yield b'def'
    closed.append('never')


def too_long_list(environ, start_response):
    start_response('200 OK', [('Content-Length', '4')])
    return [b'abc', b'def']


def too_short(environ, start_response):
    start_response('200 OK', [('Content-Length', '4')])
    yield b'abc'


def too_short_list(environ, start_response):
    start_response('200 OK', [('Content-Length', '4')])
    return [b'abc']


def too_much_written(environ, start_response):
    start_response('200 OK', [('Content-Length', '4')])(b'abcde')
    return []


def big_chunk(environ, start_response):
    start_response('200 OK', TEXT)
    yield b'x' * 300_000


def endless(environ, start_response):
    start_response('200 OK', TEXT)
    return Body(iter(lambda: b'x' * 1000, None))


class Body:
    """An iterable with close()."""

    def __init__(self, chunks):
        self.chunks = chunks

    def __iter__(self):
        return iter(self.chunks)

    def close(self):
        closed.append('closed')


def with_close(environ, start_response):
    start_response('200 OK', TEXT)
    return Body([b'whole'])


def fails(environ, start_response):
    try:
        {}['seat']
    except KeyError as error:
        raise ValueError('seat 12 does not exist') from error


def fails_in_body(environ, start_response):
    start_response('200 OK', TEXT)

    def chunks():
        yield b'one'
        raise ValueError('in the middle')

    return Body(chunks())


def exits(environ, start_response):
    sys.exit(3)


def recovers(environ, start_response):
    start_response('200 OK', TEXT)
    try:
        raise ValueError('before the head')
    except ValueError:
        start_response('500 Oops', [('X-Error', 'yes')], sys.exc_info())
    return [b'page']


def recovers_late(environ, start_response):
    start_response('200 OK', TEXT)
    yield b'one'
    try:
        raise ValueError('after the head')
    except ValueError:
        start_response('500 Oops', TEXT, sys.exc_info())


def starts_twice(environ, start_response):
    start_response('200 OK', TEXT)
    start_response('200 OK', TEXT)
    return []


def never_starts(environ, start_response):
    return [b'x']


def head_of(environ, start_response):
    """Takes the status and the headers from the environ."""
    headers = [tuple(field) for field in json.loads(environ['head'])]
    start_response(environ['status'], headers)
    return [b'']


def yields_str(environ, start_response):
    start_response('200 OK', TEXT)
    yield 'text'


def returns(environ, start_response):
    start_response('200 OK', TEXT)
    return {'/str': 'text', '/bytes': b'text', '/none': None, '/list': ['text']}[environ['PATH_INFO']]


def hop_by_hop(environ, start_response):
    start_response('200 OK', [('Connection', 'close'), ('Transfer-Encoding', 'chunked'), ('X-Kept', 'yes')])
    return [b'x']


def closed_so_far(environ, start_response):
    start_response('200 OK', TEXT)
    return [json.dumps(closed).encode()]


def files(environ, start_response):
    start_response('200 OK', TEXT)
    return environ['wsgi.file_wrapper'](open(__file__, 'rb'), 1000)


def says(environ, start_response):
    import isthmus

    start_response('200 OK', TEXT)
    return [json.dumps([isthmus.request_id(), isthmus.traceparent(), isthmus.deadline()]).encode()]


mark = contextvars.ContextVar('mark', default='none')


def marks(environ, start_response):
    seen = mark.get()
    mark.set('set')
    start_response('200 OK', TEXT)
    return [seen.encode()]


gate = threading.Event()
barrier = threading.Barrier(3, timeout=25)


def meets(environ, start_response):
    """Ends when three requests are inside."""
    barrier.wait()
    start_response('200 OK', TEXT)
    return [b'met']


def computes(environ, start_response):
    """Runs until a file is there."""
    write = start_response('200 OK', TEXT)
    write(b'begun')
    while not os.path.exists(environ['QUERY_STRING']):
        time.sleep(0.005)
    return [b'computed']


hoard = []


def hoards(environ, start_response):
    hoard.append(b'x' * (64 * 1024 * 1024))
    start_response('200 OK', TEXT)
    return [b'ok']


def logs(environ, start_response):
    import logging

    logger = logging.getLogger('shop')
    logger.info('not shown')
    logger.warning('the desk is %s', 'closed')
    try:
        raise ValueError('inside')
    except ValueError:
        logger.exception('it broke')
    start_response('200 OK', TEXT)
    return [b'ok']


APPS = dict(globals())


def application(environ, start_response):
    """The app that the path names: /name or /name/rest."""
    name, _, rest = environ['PATH_INFO'][1:].partition('/')
    environ['PATH_INFO'] = '/' + rest
    return APPS[name](environ, start_response)
