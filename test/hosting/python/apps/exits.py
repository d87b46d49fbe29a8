"""An app that says when the interpreter ends."""

import atexit
import sys

atexit.register(lambda: print('atexit ran', file=sys.stderr))


def application(environ, start_response):
    start_response('200 OK', [])
    return [b'ok']
