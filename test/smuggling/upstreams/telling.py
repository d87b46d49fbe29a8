"""What both servers of Python here do: tell each request, and end with stdin."""

import json
import os
import signal
import sys
import threading
from urllib.parse import quote


def tell(record):
    """Prints a request as one line of JSON."""
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def echo_of(record):
    """The field that says to the client which request was answered."""
    return f"{record['method']} {quote(record['target'], safe='')} {len(record['body'])}"


def end_with_stdin():
    """Ends when stdin does: with whoever started it."""

    def wait():
        sys.stdin.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def ready(port):
    """Says where it listens."""
    sys.stdout.write(f"http://127.0.0.1:{port}\n")
    sys.stdout.flush()
