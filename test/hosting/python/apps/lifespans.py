"""ASGI apps with a lifespan of each kind."""

import asyncio


def with_lifespan(lifespan):
    async def app(scope, receive, send):
        if scope['type'] == 'lifespan':
            return await lifespan(scope, receive, send)
        await send({'type': 'http.response.start', 'status': 200})
        await send({'type': 'http.response.body', 'body': b'ok'})

    return app


@with_lifespan
async def raises(scope, receive, send):
    raise ValueError('no lifespan here')


@with_lifespan
async def returns(scope, receive, send):
    pass


@with_lifespan
async def breaks(scope, receive, send):
    await receive()
    raise ValueError('in the startup')


@with_lifespan
async def fails(scope, receive, send):
    await receive()
    await send({'type': 'lifespan.startup.failed', 'message': 'no database'})


@with_lifespan
async def fails_at_the_end(scope, receive, send):
    await receive()
    await send({'type': 'lifespan.startup.complete'})
    await receive()
    await send({'type': 'lifespan.shutdown.failed', 'message': 'no disk'})


@with_lifespan
async def never_ends(scope, receive, send):
    await receive()
    await send({'type': 'lifespan.startup.complete'})
    await asyncio.sleep(1000)
