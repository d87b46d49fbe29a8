"""What every Python server here does once it listens."""

import os
import signal
import sys
import threading


def ready(port):
    """Says where it listens."""
    print(f"http://127.0.0.1:{port}", flush=True)


def end_with_stdin():
    """Ends when stdin does: with whoever started it."""

    def wait():
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()
