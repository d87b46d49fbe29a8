"""gunicorn: the WSGI app in one worker, of the kind that the argument says: sync or gthread. A second one is the count of threads."""

import sys

from gunicorn.app.base import BaseApplication
from ready import end_with_stdin, ready
from wsgi_app import app


THREADS = int(sys.argv[2]) if len(sys.argv) > 2 else 1 if sys.argv[1] == "sync" else 4


class Application(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("worker_class", sys.argv[1])
        self.cfg.set("threads", THREADS)
        self.cfg.set("loglevel", "error")
        self.cfg.set("when_ready", lambda arbiter: ready(arbiter.LISTENERS[0].sock.getsockname()[1]))

    def load(self):
        return app


if __name__ == "__main__":
    end_with_stdin()
    Application().run()
