"""gunicorn. Arguments: the kind of worker, sync or gthread; the threads; the workers; the app."""

import sys

from gunicorn.app.base import BaseApplication
from named_app import app_of
from ready import end_with_stdin, ready

KIND, *OTHERS = sys.argv[1:]
THREADS, WORKERS, APP = OTHERS + ["1" if KIND == "sync" else "4", "1", "wsgi_app:app"][len(OTHERS) :]


class Application(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "127.0.0.1:0")
        self.cfg.set("worker_class", KIND)
        self.cfg.set("threads", int(THREADS))
        self.cfg.set("workers", int(WORKERS))
        self.cfg.set("loglevel", "error")
        self.cfg.set("when_ready", lambda arbiter: ready(arbiter.LISTENERS[0].sock.getsockname()[1]))

    def load(self):
        return app_of(APP)


if __name__ == "__main__":
    end_with_stdin()
    Application().run()
