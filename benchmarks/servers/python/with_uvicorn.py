"""uvicorn: the ASGI app, or with the argument `wsgi` the ASGI app for WebSockets and asgiref's WsgiToAsgi for HTTP."""

import asyncio
import contextvars
import sys

import uvicorn
from asgi_app import app as asgi_app
from ready import end_with_stdin, ready


def beside_wsgi():
    from asgiref.wsgi import WsgiToAsgi
    from wsgi_app import app as wsgi_app

    hosted = WsgiToAsgi(wsgi_app)

    async def app(scope, receive, send):
        if scope["type"] == "websocket":
            return await asgi_app(scope, receive, send)
        # A client that is quick to ask again makes uvicorn read on in the context of the request before, and
        # asgiref then takes its thread for blocked by this one ("would deadlock"): so an empty context for each.
        return await contextvars.Context().run(asyncio.create_task, hosted(scope, receive, send))

    return app


class ReadyServer(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        ready(sockets[0].getsockname()[1])


end_with_stdin()
app = beside_wsgi() if sys.argv[1:] == ["wsgi"] else asgi_app
config = uvicorn.Config(
    app, host="127.0.0.1", port=0, lifespan="off", log_level="warning", access_log=False
)
ReadyServer(config).run(sockets=[config.bind_socket()])
