"""uvicorn on uvloop and httptools. Arguments: the processes, and the app."""

import multiprocessing
import os
import signal
import sys
import threading

import uvicorn
from ready import end_with_stdin, ready
from uvicorn.supervisors import Multiprocess


class ReadyServer(uvicorn.Server):
    async def startup(self, sockets=None):
        end_with_parent()
        await super().startup(sockets)
        ready(sockets[0].getsockname()[1])


def end_with_parent():
    """Ends a worker whose supervisor was killed."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait():
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


# A worker imports this file again.
if __name__ == "__main__":
    processes, app = sys.argv[1:]
    end_with_stdin()
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        workers=int(processes),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
    server = ReadyServer(config)
    sockets = [config.bind_socket()]
    if config.workers > 1:
        Multiprocess(config, target=server.run, sockets=sockets).run()
    else:
        server.run(sockets=sockets)
