"""Callables of each kind, for the detection of the interface, and for errors of loading."""

import functools

number = 5


def wsgi(environ, start_response):
    start_response('200 OK', [])
    return [b'wsgi']


async def asgi(scope, receive, send):
    if scope['type'] == 'lifespan':
        raise ValueError('no lifespan')
    await send({'type': 'http.response.start', 'status': 200})
    await send({'type': 'http.response.body', 'body': b'asgi'})


def returns_coroutine(scope, receive, send):
    return asgi(scope, receive, send)


def decorated(app):
    @functools.wraps(app)
    def wrapper(*args, **kwargs):
        return app(*args, **kwargs)

    return wrapper


wrapped_wsgi = decorated(wsgi)
wrapped_asgi = decorated(returns_coroutine)


def any_arguments(*args):
    return wsgi(*args)


class Site:
    """An object with apps of both interfaces."""

    def __call__(self, environ, start_response):
        return wsgi(environ, start_response)

    def method(self, environ, start_response):
        return wsgi(environ, start_response)

    async def async_method(self, scope, receive, send):
        await asgi(scope, receive, send)


class AsyncSite:
    async def __call__(self, scope, receive, send):
        await asgi(scope, receive, send)


class WsgiClass:
    """The class is the app (PEP 3333)."""

    def __init__(self, environ, start_response):
        start_response('200 OK', [])

    def __iter__(self):
        yield b'wsgi'


class AsgiClass:
    def __init__(self, scope, receive, send):
        self.args = scope, receive, send

    def __await__(self):
        return asgi(*self.args).__await__()


class Asgi2:
    def __init__(self, scope):
        pass

    async def __call__(self, receive, send):
        pass


def asgi_2(scope):
    pass


site = Site()
async_site = AsyncSite()
partial_wsgi = functools.partial(lambda extra, environ, start_response: wsgi(environ, start_response), 1)
partial_asgi = functools.partial(asgi)
partial_method = functools.partial(site.async_method)


def make_app():
    return wsgi


def make_async_app():
    return asgi


def make_number():
    return 5


def make_failure():
    raise ValueError('no settings')


app = asgi
