"""gunicorn with threads, which keeps connections: it prints each request that arrives."""

from gunicorn.app.base import BaseApplication
from gunicorn.http.errors import NoMoreData
from gunicorn.http.unreader import SocketUnreader
from telling import echo_of, end_with_stdin, ready, tell


def app(environ, start_response):
    body, is_whole = body_of(environ)
    record = {
        "method": environ["REQUEST_METHOD"],
        "target": environ["RAW_URI"],
        "body": body.decode("latin-1"),
        "isWhole": is_whole,
        "probe": environ.get("HTTP_X_PROBE"),
        "port": int(environ["REMOTE_PORT"]),
    }
    tell(record)
    start_response("200 OK", [("Content-Length", "2"), ("X-Echo", echo_of(record))])
    return [b"ok"]


def body_of(environ):
    length = environ.get("CONTENT_LENGTH")
    try:
        body = environ["wsgi.input"].read()
    except Exception:
        return b"", False
    # gunicorn reads a body that was cut as one that is short.
    return body, not length or len(body) == int(length)


class EndingUnreader:
    """Says the end of a connection twice at most: gunicorn 20.1 asks for ever between a chunk and its CRLF."""

    read_once = SocketUnreader.chunk

    def chunk(self):
        data = EndingUnreader.read_once(self)
        if not data and getattr(self, "has_ended", False):
            raise NoMoreData()
        self.has_ended = not data
        return data


SocketUnreader.chunk = EndingUnreader.chunk


class Application(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("worker_class", "gthread")
        self.cfg.set("threads", 4)
        self.cfg.set("keepalive", 30)
        self.cfg.set("loglevel", "critical")
        self.cfg.set("when_ready", lambda arbiter: ready(arbiter.LISTENERS[0].sock.getsockname()[1]))

    def load(self):
        return app


if __name__ == "__main__":
    end_with_stdin()
    Application().run()
