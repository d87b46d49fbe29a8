"""Hosts a WSGI or an ASGI 3 app for the gateway of isthmus.

The gateway starts this file as a process: `python3 -u isthmus_host.py shop.wsgi:application`. The argument is for
`ps` only. Descriptor 3 is a socket: both sides send frames, which docs/host-protocol.md describes ("The byte
encoding"). Descriptor 4, if it is open, is a pipe: at SIGUSR2 the stacks of all threads go there.

The first frame of the gateway, its hello, has the options of the host:

    app              "package.module:attribute"; the attribute may be dotted; "make_app()" is called without arguments;
                     without one, the host takes `application`, then `app`
    interface        "wsgi", "asgi", or "auto", which looks at the app
    threads          the number of requests of a WSGI app that run at the same time
    multiprocess     whether other processes run the same app
    maxMemoryBytes   with more memory than this the host is worn; null: no limit
    cancelAfterMs    the task of an unfinished ASGI exchange is cancelled this long after its client has left; null: never
    shutdownMs       how long ASGI exchanges may take to end at a stop, and the shutdown of the lifespan after them

An app may `import isthmus`: that is this module, with the functions in `__all__`.
"""

import asyncio
import collections
import contextvars
import ctypes
import faulthandler
import functools
import importlib
import inspect
import io
import json
import logging
import os
import platform
import re
import resource
import select
import signal
import socket
import stat
import struct
import sys
import threading
import time
import traceback
import types
from urllib.parse import unquote_to_bytes

__all__ = ['request_id', 'traceparent', 'deadline']

_current = contextvars.ContextVar('isthmus.request')


def request_id():
    """The id of the current request, from its field x-request-id, or None."""
    request = _current.get(None)
    return request and request.field('x-request-id')


def traceparent():
    """The traceparent of the current request, or None."""
    request = _current.get(None)
    return request and request.field('traceparent')


def deadline():
    """The time at which the current request has to be answered, in seconds since the epoch, or None."""
    request = _current.get(None)
    return request and request.deadline


# --- frames ---

PROTOCOL = 1
HEADER = struct.Struct('>IBBHQ')  # the length of the payload, kind, flags, a small number, id
REQUEST_HEAD = struct.Struct('>dIII')
PART_HEAD = struct.Struct('>IBBHQfI')  # the header of a frame, tookMs, the length of the text block
U32 = struct.Struct('>I')
F32 = struct.Struct('>f')

# The kinds to the host, and those to the gateway.
HELLO, REQUEST, OPEN, BODY, CREDIT, CANCEL, WARN, STATE, STOP, TEXT, BYTES, EVENT, PING = range(1, 14)
(HOST_HELLO, LOADED, WANT, PART, FAILURE, DONE, LOG) = range(65, 72)
(SENT_TEXT, SENT_BYTES, SENT_EVENT, WATCH, WORN, GIVE_BACK, PONG) = range(72, 79)

HAS_BODY = 1
LAST, BROKEN = 1, 2
WITH_HEAD, END, OVER = 1, 2, 4

BODY_WINDOW = 64 * 1024
MAX_CAUSES = 8


class FrameReader:
    """Cuts the bytes of a stream into frames: tuples of kind, flags, small number, id and payload."""

    def __init__(self):
        self._rest = bytearray()
        self._needed = HEADER.size

    def feed(self, data):
        """Returns the frames that `data` completes."""
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data = bytes(self._rest)
            self._rest = bytearray()
        frames = []
        at, size = 0, len(data)
        while size - at >= 16:
            length, kind, flags, number, id = HEADER.unpack_from(data, at)
            end = at + 16 + length
            if end > size:
                self._needed = end - at
                break
            if not HELLO <= kind <= PING:
                end_now(f'a frame of the unknown kind {kind}')
            frames.append((kind, flags, number, id, data[at + 16 : end]))
            at = end
        else:
            self._needed = HEADER.size
        if at < size:
            self._rest += data[at:]
        return frames


def frame(kind, id=0, payload=b'', flags=0, number=0):
    return HEADER.pack(len(payload), kind, flags, number, id) + payload


def json_bytes(value):
    # A lone surrogate becomes an escape of JSON, which has the same form as that of Python.
    text = json.dumps(value, ensure_ascii=False, separators=(',', ':'), default=str)
    return text.encode('utf-8', 'backslashreplace')


def json_frame(kind, value, id=0):
    return frame(kind, id, json_bytes(value))


def part_frame(id, head, chunk, flags, took_ms=0.0):
    """`head` is the status and the text block of the headers, or None."""
    status, block = head or (0, b'')
    if head:
        flags |= WITH_HEAD
    size = 8 + len(block) + len(chunk)
    return PART_HEAD.pack(size, PART, flags, status, id, took_ms, len(block)) + block + chunk


def done_frame(id, took_ms):
    return frame(DONE, id, F32.pack(took_ms))


def event_frame(id, event):
    """The frame of an event for the gateway, with the names of the wire: moreBody, not more_body."""
    if event['type'] == 'websocket.send':
        text = event.get('text')
        if text is not None:
            return frame(SENT_TEXT, id, text.encode('utf-8', 'replace'))
        return frame(SENT_BYTES, id, event['bytes'])
    body = event.get('body', b'')
    rest = json_bytes({key: value for key, value in event.items() if key != 'body'})
    return frame(SENT_EVENT, id, U32.pack(len(rest)) + rest + body)


class RequestHead:
    """The payload of a `request` or an `open`."""

    __slots__ = ('deadline', 'body_window', 'window', 'block', 'extra')

    def __init__(self, payload):
        deadline, self.body_window, self.window, size = REQUEST_HEAD.unpack_from(payload)
        self.deadline = deadline / 1000 if deadline else None
        self.block = payload[20 : 20 + size]
        self.extra = json.loads(payload[20 + size :]) if len(payload) > 20 + size else {}


# --- errors ---


class GatewayError(OSError):
    """An error that the gateway has sent. `data` has its name, its message and its code."""

    def __init__(self, data):
        super().__init__(data['message'])
        self.data = data


class ClientDisconnected(GatewayError, ConnectionResetError):
    """The client has left."""


class AppLoadError(Exception):
    code = 'ISTHMUS_APP_LOAD'


class LifespanError(Exception):
    code = 'ISTHMUS_LIFESPAN_FAILED'


class ContentLengthMismatchError(ValueError):
    code = 'ISTHMUS_CONTENT_LENGTH_MISMATCH'


class InvalidHeaderError(ValueError):
    code = 'ISTHMUS_INVALID_HEADER'


class IllegalEventError(RuntimeError):
    code = 'ISTHMUS_ILLEGAL_EVENT'


OWN_ERRORS = (AppLoadError, LifespanError, ContentLengthMismatchError, InvalidHeaderError, IllegalEventError)
DISCONNECTED = {'name': 'ClientDisconnectedError', 'message': 'the client disconnected', 'code': 'ECONNRESET'}
SHUTDOWN = {
    'name': 'ServerShutdownError',
    'message': 'the server is shutting down',
    'code': 'ISTHMUS_SERVER_SHUTDOWN',
}


def gateway_error(data):
    is_disconnect = (data['name'], data.get('code')) == ('ClientDisconnectedError', 'ECONNRESET')
    return ClientDisconnected(data) if is_disconnect else GatewayError(data)


def error_data(error, causes=MAX_CAUSES):
    """The parts of an exception that cross. An error of the gateway goes back as it came."""
    data = {'name': type(error).__name__, 'message': text_of(error), 'stack': stack_of(error)}
    if isinstance(error, GatewayError):
        data.update(error.data, stack=data['stack'])
    elif isinstance(error, OWN_ERRORS):
        data['code'] = error.code
    cause = cause_of(error)
    if cause is not None and causes > 0:
        data['cause'] = error_data(cause, causes - 1)
    return data


def cause_of(error):
    if error.__cause__ is not None or error.__suppress_context__:
        return error.__cause__
    return error.__context__


def text_of(error):
    try:
        return str(error)
    except Exception:
        return f'<the {type(error).__name__} has no text>'


def stack_of(error):
    """The traceback as text, without the frames of the host and of importlib at its beginning."""
    step = error.__traceback__
    while step and step.tb_frame.f_code.co_filename.endswith(OWN_FILES):
        step = step.tb_next
    return ''.join(traceback.format_exception(type(error), error, step, chain=False)).rstrip()


OWN_FILES = (error_data.__code__.co_filename, 'importlib/__init__.py', '<frozen importlib._bootstrap>')


def is_stop(error):
    """Whether an app whose exchange is over has ended for that reason."""
    for _ in range(MAX_CAUSES):
        if error is None or isinstance(error, (GatewayError, asyncio.CancelledError)):
            return error is not None
        error = cause_of(error)
    return False


def end_now(reason=None):
    """Ends the process at once, from any thread: the gateway has ended, or breaks the protocol."""
    if reason:
        os.write(2, f'isthmus host: {reason}\n'.encode())
    os._exit(1)


# --- link ---


class Link:
    """Sends frames to the gateway. Any thread may call it, also while the garbage collector runs in `flush`."""

    def __init__(self, sock, reader):
        self.sock = sock
        self.reader = reader
        self.out = collections.deque()
        self._sending = threading.Lock()

    def post(self, frame):
        """Sends a frame with the next one that leaves at once."""
        self.out.append(frame)

    def send(self, frame):
        """Sends a frame, and those before it, at once."""
        self.out.append(frame)
        self.flush()

    def flush(self):
        out = self.out
        # A thread that sends takes the frames of the others too, and looks again after it has let go of the lock.
        while out and self._sending.acquire(False):
            try:
                frames = []
                while out:
                    frames.append(out.popleft())
                self.sock.sendall(b''.join(frames))
            except OSError:
                end_now()
            finally:
                self._sending.release()

    def log(self, level, message, error=None, fields=None):
        data = error_data(error) if error is not None else None
        line = {'level': level, 'fields': fields or {}, 'error': data, 'message': message}
        self.send(json_frame(LOG, line))


class GatewayHandler(logging.Handler):
    """The handler of apps that have not configured logging: the gateway gets their lines with a level."""

    def __init__(self, link):
        super().__init__(logging.WARNING)
        self.link = link

    def emit(self, record):
        try:
            level = 'error' if record.levelno >= logging.ERROR else 'warn'
            error = record.exc_info[1] if record.exc_info else None
            fields = {'logger': record.name, 'pid': os.getpid()}
            self.link.log(level, record.getMessage(), error, fields)
        except Exception:
            self.handleError(record)


class WsgiLink(Link):
    """Takes messages for the threads of a WSGI app, without a thread of its own.

    A thread that needs a message reads the socket itself, or waits while another thread reads. Each message goes to its
    request; the reader then lets another waiting thread read.
    """

    def __init__(self, sock, reader, threads, max_memory):
        super().__init__(sock, reader)
        self.threads = threads
        self.memory = MemoryWatch(max_memory)
        self.lock = threading.Lock()
        self.idle = threading.Condition(self.lock)  # the threads that wait for a request
        self.busy = threading.Condition(self.lock)  # the threads that wait inside one
        self.waiting = 0
        self.is_read = False
        self.queue = collections.deque()  # requests that have not begun
        self.open = {}
        self.state = {}
        self.stopping = False
        self.running = threads
        self.turns = 0
        self.busy_watch = threading.Event()

    def next_request(self):
        """Waits for the next request. None: the host stops."""
        with self.lock:
            self.running -= 1
            worn = self.running == 0 and self.memory.look()
        if worn:
            self.send(json_frame(WORN, {'left': {'memoryBytes': worn}}))
        request = self.wait_for(self._take, self.idle)
        if request and not self.busy_watch.is_set():
            self.busy_watch.set()
        return request or None

    def wait_for(self, take, line):
        """Takes messages until `take()` returns a value that is not None. `line` has the threads that wait like this."""
        lock = self.lock
        lock.acquire()
        try:
            while True:
                value = take()
                if value is not None:
                    return value
                if self.is_read:
                    self.flush()
                    self.waiting += 1
                    line.wait()
                    self.waiting -= 1
                    continue
                self.is_read = True
                lock.release()
                try:
                    self.flush()
                    data = self.sock.recv(65536)
                except OSError:
                    data = b''
                finally:
                    lock.acquire()
                    self.is_read = False
                self.route(self._frames(data))
        finally:
            if self.waiting and not self.is_read:
                self.idle.notify()
                self.busy.notify()
            lock.release()

    def poll(self):
        """Takes the messages that have arrived, if no other thread reads."""
        with self.lock:
            if self.is_read:
                return
            try:
                data = self.sock.recv(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:
                data = b''
            self.route(self._frames(data))

    def close(self, id):
        self.open.pop(id, None)

    def watch_long_requests(self):
        """Gives requests back that have not begun, while all threads are busy with the same requests for 5 ms or more.

        Runs in a thread of its own. It sleeps without a wake-up as long as the host has nothing to do.
        """
        turns, quiet = -1, 0
        while True:
            self.busy_watch.wait()
            time.sleep(0.005)
            if self.turns != turns:
                turns, quiet = self.turns, 0
            elif self.running == self.threads:
                self.poll()
                with self.lock:
                    if self.turns == turns:
                        self._give_back()
                self.flush()
            elif self.running == 0:
                quiet += 1
                if quiet > 20:
                    self.busy_watch.clear()

    def _take(self):
        if self.stopping:
            self._give_back()
            return False
        if not self.queue:
            return None
        self.running += 1
        self.turns += 1
        return self.queue.popleft()

    def _give_back(self):
        while self.queue:
            request = self.queue.popleft()
            self.close(request.id)
            self.post(frame(GIVE_BACK, request.id))

    def _frames(self, data):
        return self.reader.feed(data) if data else end_now()

    def route(self, frames):
        """Gives each message to its request. The caller has the lock."""
        for kind, flags, _, id, payload in frames:
            if kind == REQUEST:
                request = WsgiRequest(self, id, flags, payload)
                self.open[id] = request
                self.queue.append(request)
            elif kind == STATE:
                self.state = changed_state(self.state, payload)
            elif kind == STOP:
                self.stopping = True
                self.idle.notify_all()
            elif id in self.open:
                self._tell(self.open[id], kind, flags, payload)

    def _tell(self, request, kind, flags, payload):
        if kind == BODY:
            request.push(payload, flags)
        elif kind == CREDIT:
            request.credited += U32.unpack(payload)[0]
        elif kind == CANCEL:
            request.cancelled = json.loads(payload)
            if request in self.queue:
                self.queue.remove(request)
                self.close(request.id)
                self.post(done_frame(request.id, 0))
        if self.waiting:
            self.busy.notify_all()


class MemoryWatch:
    """Looks at the memory of the process, once in a second at most, and reports once that it is too much."""

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes
        self.next_look = 0.0

    def look(self):
        """The size in bytes, if it is above the limit; else None."""
        if self.max_bytes is None:
            return None
        now = time.monotonic()
        if now < self.next_look:
            return None
        self.next_look = now + 1
        size = memory_bytes()
        if size <= self.max_bytes:
            return None
        self.max_bytes = None
        return size


def memory_bytes():
    try:
        with open('/proc/self/statm', 'rb') as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == 'darwin' else peak * 1024


def changed_state(state, payload):
    """A new dict: requests that have arrived before keep the old one."""
    change = json.loads(payload)
    kept = {key: value for key, value in state.items() if key not in change['unset']}
    return {**kept, **change['set']}


# --- WSGI ---

MAX_PART = 128 * 1024
MAX_JOINED = 64 * 1024
MAX_NAMES = 512
NO_CONTENT = (204, 304)
HOP_BY_HOP = set(
    'connection keep-alive proxy-authenticate proxy-authorization te trailer trailers transfer-encoding upgrade'.split()
)
STATUS = re.compile(r'[2-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?')
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r'[\t\x20-\x7e\x80-\xff]*')


class WsgiRequest:
    """One request and its response (PEP 3333)."""

    __slots__ = (
        'link', 'id', 'payload', 'state', 'strings', 'deadline', 'window', 'method', 'chunks', 'held', 'arrived',
        'allowed', 'is_whole', 'cancelled', 'credited', 'sent', 'began', 'called', 'head', 'length', 'is_head_sent',
        'has_content', 'is_ended', 'is_done',
    )  # fmt: skip

    def __init__(self, link, id, flags, payload):
        self.link = link
        self.id = id
        self.payload = payload
        self.state = link.state
        self.chunks = None
        self.strings = ()
        self.held = self.arrived = self.credited = self.sent = 0
        self.is_whole = not flags & HAS_BODY
        self.cancelled = self.head = None
        self.called = self.is_head_sent = self.is_ended = self.is_done = False

    # Called by the link, under its lock.

    def push(self, payload, flags):
        if payload:
            self.chunks = self.chunks or collections.deque()
            self.chunks.append(payload)
        self.held += len(payload)
        self.arrived += len(payload)
        self.is_whole = bool(flags & LAST)

    def take_chunk(self):
        """The next piece of the body; b'' at its end; None: it has not arrived."""
        self.refuse_cancelled()
        chunk = None
        if self.chunks:
            chunk = self.chunks.popleft()
            self.held -= len(chunk)
        if not self.is_whole and self.held < BODY_WINDOW // 2:
            granted = self.allowed - self.arrived
            if granted <= BODY_WINDOW // 2:
                self.link.post(frame(WANT, self.id, U32.pack(BODY_WINDOW - granted)))
                self.allowed = self.arrived + BODY_WINDOW
        if chunk is None and self.is_whole:
            return b''
        return chunk

    def has_credit(self):
        self.refuse_cancelled()
        return True if self.sent - self.credited <= self.window else None

    # Called by the thread of the request.

    def refuse_cancelled(self):
        if self.cancelled:
            raise gateway_error(self.cancelled)

    def field(self, name):
        strings = self.strings
        for at in range(11, len(strings), 2):
            if strings[at] == name:
                return strings[at + 1]
        return None

    def run(self, app, base):
        """Runs the app to its end. Never raises: the gateway gets the error."""
        self.began = time.perf_counter()
        _current.set(self)
        body = None
        try:
            body = app(self.environ(base), self.start_response)
            self.respond(body)
        except BaseException as error:
            self.fail(error)
        close = getattr(body, 'close', None)
        if close is not None:
            try:
                close()
            except BaseException as error:
                self.link.log('error', 'close() of the body failed', error)
        self.is_ended = True
        self.link.close(self.id)
        if not self.is_done:
            self.link.post(done_frame(self.id, self.took_ms()))

    def took_ms(self):
        return (time.perf_counter() - self.began) * 1000

    def fail(self, error):
        if self.cancelled or self.is_ended:
            if not is_stop(error):
                self.link.log('error', 'the app failed after its response', error)
            return
        self.link.send(json_frame(FAILURE, error_data(error), self.id))

    # The environ.

    def environ(self, base):
        head = RequestHead(self.payload)
        strings = self.strings = head.block.decode('latin-1').split('\0')
        self.deadline, self.window, self.allowed = head.deadline, head.window, head.body_window
        method, scheme, version, path, raw_path, query, root, client, client_port, server, port = strings[:11]
        self.method = method
        uri = raw_path + '?' + query if query else raw_path
        environ = base.copy()
        environ['REQUEST_METHOD'] = method
        environ['SCRIPT_NAME'] = root = unquoted(root)
        environ['PATH_INFO'] = path_info(unquoted(path or raw_path), root)
        environ['QUERY_STRING'] = query
        environ['RAW_URI'] = environ['REQUEST_URI'] = uri
        environ['SERVER_PROTOCOL'] = 'HTTP/' + version
        environ['wsgi.url_scheme'] = scheme
        environ['wsgi.input'] = self.input()
        environ['isthmus.state'] = self.state.copy()
        if client:
            environ['REMOTE_ADDR'] = client
            environ['REMOTE_PORT'] = client_port
        for at in range(11, len(strings), 2):
            name = strings[at]
            key = KEYS.get(name) or environ_key(name)
            if key in environ:
                environ[key] += ('; ' if name == 'cookie' else ',') + strings[at + 1]
            else:
                environ[key] = strings[at + 1]
        if 'HTTP_TRANSFER_ENCODING' in environ:
            environ.pop('CONTENT_LENGTH', None)
        if port:
            environ['SERVER_NAME'], environ['SERVER_PORT'] = server, port
        else:
            environ['SERVER_NAME'], environ['SERVER_PORT'] = server_of(environ, server, scheme)
        self.add_own_keys(environ, head)
        return environ

    def add_own_keys(self, environ, head):
        if 'HTTP_X_REQUEST_ID' in environ:
            environ['isthmus.request_id'] = environ['HTTP_X_REQUEST_ID']
        if 'HTTP_TRACEPARENT' in environ:
            environ['isthmus.traceparent'] = environ['HTTP_TRACEPARENT']
        if head.deadline:
            environ['isthmus.deadline'] = head.deadline
        extra = head.extra
        environ['isthmus.carried'] = extra.get('carried') or {}
        if not extra:
            return
        added = extra.get('added') or {}
        auth = added.get('isthmus.auth')
        if auth:
            environ['AUTH_TYPE'], environ['REMOTE_USER'] = auth['type'], auth['user']
        environ.update(extra.get('environ') or {})
        for key, value in added.items():
            environ.setdefault(key, value)

    def input(self):
        if self.is_whole:
            return io.BytesIO(b''.join(self.chunks) if self.chunks else b'')
        return io.BufferedReader(WsgiBody(self), BODY_WINDOW)

    # The response.

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.is_head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.called:
            raise RuntimeError('start_response was called twice; to replace the head, pass exc_info')
        self.called = True
        self.head = None
        code, block, self.length = checked_head(status, headers, self.link)
        self.has_content = self.method != 'HEAD' and code not in NO_CONTENT
        self.head = code, block
        return self.write

    def write(self, chunk):
        check_chunk(chunk, 'write() was given')
        if self.is_ended:
            raise RuntimeError('write() was called after the end of the response')
        self.require_head()
        if not chunk or not self.has_content:
            return
        if self.length is not None and self.sent + len(chunk) > self.length:
            raise ContentLengthMismatchError(
                f'write() would make it {self.sent + len(chunk)} bytes, the Content-Length announced {self.length}'
            )
        self.send(chunk)

    def respond(self, body):
        if isinstance(body, (list, tuple)):
            size = 0
            for chunk in body:
                check_chunk(chunk, 'the app returned a list with')
                size += len(chunk)
            if not self.is_head_sent:
                self.require_head()
                self.announce(size)
                if size <= MAX_JOINED:
                    return self.send_whole(b''.join(body), body)
        elif body is None or isinstance(body, (str, bytes)):
            raise TypeError(f'the app returned {article(body)}; return a list of bytes, or another iterable of bytes')
        for chunk in body:
            check_chunk(chunk, 'the app yielded')
            if not chunk:
                continue
            if self.is_ended:
                if self.has_content:
                    self.link.log('warn', f'the body is longer than its Content-Length of {self.length} bytes')
                break
            self.require_head()
            if self.length is None and self.has_content:
                self.send(chunk)
            elif self.send_counted(chunk):
                break
        if not self.is_ended:
            self.finish(body)
        return None

    def announce(self, size):
        """Tells the length of a body that is known before its first byte leaves."""
        code, block = self.head
        if self.length is not None:
            if size < self.length and self.has_content:
                raise too_short(size, self.length)
        elif code not in NO_CONTENT and size > (0 if self.method == 'HEAD' else MAX_JOINED):
            # For a body that leaves in one part the gateway counts.
            self.head = code, block + (b'\0' if block else b'') + b'content-length\0%d' % size
            self.length = size

    def send_whole(self, chunk, body):
        """Sends a short body in one part."""
        if not self.has_content:
            chunk = b''
        elif self.length is not None and len(chunk) > self.length:
            self.link.log('warn', f'the body is longer than its Content-Length of {self.length} bytes')
            chunk = chunk[: self.length]
        self.is_ended = self.is_head_sent = True
        self.is_done = not hasattr(body, 'close')
        flags, took_ms = (END | OVER, self.took_ms()) if self.is_done else (END, 0.0)
        self.link.send(part_frame(self.id, self.head, chunk, flags, took_ms))

    def send_counted(self, chunk):
        """Sends a chunk of a response that has no content, or a known length. True: the app has sent too much."""
        room = self.length - self.sent if self.has_content else 0
        if not self.has_content:
            self.send(b'', END)
            return True
        if len(chunk) > room:
            self.link.log('warn', f'the body is longer than its Content-Length of {self.length} bytes')
        self.send(chunk[:room], END if len(chunk) >= room else 0)
        return len(chunk) > room

    def finish(self, body):
        self.require_head()
        if self.length is not None and self.sent < self.length and self.has_content:
            raise too_short(self.sent, self.length)
        self.is_done = not hasattr(body, 'close')
        self.send(b'', END | OVER if self.is_done else END)

    def send(self, chunk, flags=0):
        """Sends a chunk, a long one in pieces, and waits for credit. `flags` are those of the last piece."""
        at = 0
        while True:
            if self.is_head_sent:
                self.link.poll()
                self.refuse_cancelled()
            piece = chunk[at : at + MAX_PART]
            at += len(piece)
            is_last = at >= len(chunk)
            head = None if self.is_head_sent else self.head
            self.is_head_sent = True
            self.is_ended = is_last and bool(flags & END)
            took_ms = self.took_ms() if is_last and flags & OVER else 0.0
            self.link.send(part_frame(self.id, head, piece, flags if is_last else 0, took_ms))
            self.sent += len(piece)
            if self.is_ended:
                return
            if self.sent - self.credited > self.window:
                self.link.wait_for(self.has_credit, self.link.busy)
            if is_last:
                return

    def require_head(self):
        if self.head is None:
            raise RuntimeError(
                'there is no head to send: the last call of start_response failed'
                if self.called
                else 'start_response was not called before the first chunk, or the end, of the body'
            )


class WsgiBody(io.RawIOBase):
    """The body of a request: a read blocks until bytes have arrived."""

    def __init__(self, request):
        self._request = request
        self._rest = memoryview(b'')

    def readable(self):
        return True

    def readinto(self, buffer):
        rest = self._rest or memoryview(self._pull())
        size = min(len(rest), len(buffer))
        buffer[:size] = rest[:size]
        self._rest = rest[size:]
        return size

    def readall(self):
        pieces = [self._rest]
        self._rest = memoryview(b'')
        while pieces[-1] or len(pieces) == 1:
            pieces.append(self._pull())
        return b''.join(pieces)

    def _pull(self):
        link = self._request.link
        chunk = link.wait_for(self._request.take_chunk, link.busy)
        link.flush()
        return chunk


class FileWrapper:
    """wsgi.file_wrapper: the blocks of a file."""

    def __init__(self, file, block_size=64 * 1024):
        self.file = file
        self.block_size = block_size
        if hasattr(file, 'close'):
            self.close = file.close

    def __iter__(self):
        return iter(lambda: self.file.read(self.block_size), b'')


def base_environ(options):
    return {
        'SERVER_SOFTWARE': 'isthmus',
        'wsgi.version': (1, 0),
        'wsgi.errors': sys.stderr,
        'wsgi.multithread': options['threads'] > 1,
        'wsgi.multiprocess': options['multiprocess'],
        'wsgi.run_once': False,
        'wsgi.input_terminated': True,
        'wsgi.file_wrapper': FileWrapper,
    }


KEYS = {}  # the key of the environ for the name of a header
NAMES = {}  # the name of a response header in lower case; '' for one that is dropped
STATUSES = {}
warned_names = set()


def environ_key(name):
    upper = name.upper().replace('-', '_')
    key = upper if upper in ('CONTENT_TYPE', 'CONTENT_LENGTH') else 'HTTP_' + upper
    if len(KEYS) < MAX_NAMES:
        KEYS[name] = key
    return key


def unquoted(path):
    return unquote_to_bytes(path).decode('latin-1') if '%' in path else path


def path_info(path, root):
    if not root or path == '*':
        return path
    rest = path[len(root) :]
    if path.startswith(root) and (not rest or rest[0] == '/'):
        return rest
    message = f'the path is not under the root path "{root}"'
    raise GatewayError({'name': 'BadRequestError', 'message': message, 'code': 'ISTHMUS_BAD_REQUEST', 'status': 404})


def server_of(environ, server, scheme):
    """The name and the port of a server that has no port. At a unix socket the field Host names them."""
    port = '443' if scheme == 'https' else '80'
    host = environ.get('HTTP_HOST')
    if not server or not host:
        return server or 'localhost', port
    name, given_port = re.fullmatch(r'(.+?)(?::(\d+))?', host, re.DOTALL).groups()
    return name, given_port or port


def check_chunk(chunk, origin):
    if not isinstance(chunk, bytes):
        raise TypeError(f'{origin} {article(chunk)}; the body of a WSGI app is made of bytes')


def article(value):
    name = type(value).__name__
    if value is None:
        return 'None'
    return f'{"an" if name[0] in "aeio" else "a"} {name}'


def too_short(sent, length):
    return ContentLengthMismatchError(f'the body has {sent} bytes, the Content-Length announced {length}')


def checked_head(status, headers, link):
    """The status as a number, the text block of the headers, and the Content-Length or None."""
    code = STATUSES.get(status) or checked_status(status)
    strings = []
    length = None
    for name, value in headers:
        lower = NAMES.get(name)
        if lower is None:
            lower = checked_name(name)
        if not lower:
            warn_dropped(name, link)
            continue
        if lower == 'content-length':
            known, length = length, checked_length(value, length)
            if known is not None:
                continue
        strings += lower, value
    try:
        # The usual case, without a look at each value.
        if ''.join(strings).isprintable():
            return code, '\0'.join(strings).encode('latin-1'), length
    except (TypeError, UnicodeEncodeError):
        pass
    for name, value in zip(strings[::2], strings[1::2]):
        if not isinstance(value, str):
            raise TypeError(f'the value of the header "{name}" must be a str, got {article(value)}')
        if not VALUE.fullmatch(value):
            raise InvalidHeaderError(
                f'the value of the header "{name}" has a control character or a character above U+00FF'
            )
    return code, '\0'.join(strings).encode('latin-1'), length


def checked_status(status):
    if not isinstance(status, str):
        raise TypeError(f"the status must be a str such as '200 OK', got {article(status)}")
    if not STATUS.fullmatch(status):
        raise InvalidHeaderError(
            f"the status {status!r} is not three digits from 200, a space and a reason, such as '200 OK'"
        )
    code = int(status[:3])
    if len(STATUSES) < MAX_NAMES:
        STATUSES[status] = code
    return code


def checked_name(name):
    if not isinstance(name, str):
        raise TypeError(f'the name of a header must be a str, got {article(name)}')
    if not TOKEN.fullmatch(name):
        raise InvalidHeaderError(f'the header name {name!r} is not a token (RFC 9110, 5.1)')
    lower = name.lower()
    if lower == 'status':
        raise InvalidHeaderError('the status is an argument of start_response, not a header "status"')
    if lower in HOP_BY_HOP:
        lower = ''
    if len(NAMES) < MAX_NAMES:
        NAMES[name] = lower
    return lower


def checked_length(value, before):
    if not isinstance(value, str) or not re.fullmatch(r'[0-9]{1,15}', value):
        raise InvalidHeaderError(f'the Content-Length {value!r} is not a number of bytes in plain digits')
    length = int(value)
    if before is not None and length != before:
        raise InvalidHeaderError(f'two Content-Lengths: {before} and {length}; announce one')
    return length


def warn_dropped(name, link):
    if name in warned_names:
        return
    warned_names.add(name)
    link.log('warn', f'the header "{name}" of the app is dropped: it is hop-by-hop, and the server sets it')


def serve_wsgi(app, link, options):
    """Runs requests until the gateway says stop. The main thread is one of the threads of the app."""
    base = base_environ(options)

    def work():
        while True:
            request = link.next_request()
            if request is None:
                return
            contextvars.copy_context().run(request.run, app, base)

    threading.Thread(target=link.watch_long_requests, daemon=True).start()
    threads = [threading.Thread(target=work, daemon=True) for _ in range(options['threads'] - 1)]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    link.flush()


# --- loading ---


def load_app(spec):
    """Imports the app that `spec` names. Raises AppLoadError, whose cause is the error of the import."""
    module_name, _, attribute = spec.partition(':')
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:
        raise AppLoadError(import_message(module_name, error)) from error
    if attribute:
        return checked_app(found(module, attribute, spec), spec)
    for name in ('application', 'app'):
        if hasattr(module, name):
            return checked_app(getattr(module, name), f'{spec}:{name}')
    raise AppLoadError(f'the module {module_name} has neither "application" nor "app"{hint(module)}')


def import_message(module_name, error):
    if isinstance(error, ModuleNotFoundError) and f'{module_name}.'.startswith(f'{error.name}.'):
        return f'there is no module {error.name!r} in {os.getcwd()} or in the path of Python'
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f'the module {module_name} imports {error.name!r}, which is not there'
    return f'the module {module_name} cannot be imported: {type(error).__name__}: {text_of(error)}'


def found(module, attribute, spec):
    is_factory = attribute.endswith('()')
    value = module
    for name in attribute[:-2].split('.') if is_factory else attribute.split('.'):
        try:
            value = getattr(value, name)
        except AttributeError as error:
            raise AppLoadError(f'{spec}: {nameof(value)} has no attribute {name!r}{hint(module)}') from error
    if not is_factory:
        return value
    if not callable(value):
        raise AppLoadError(f'{spec}: {article(value)} cannot be called')
    try:
        return value()
    except BaseException as error:
        raise AppLoadError(f'{spec} has failed: {type(error).__name__}: {text_of(error)}') from error


def nameof(value):
    return f'the module {value.__name__}' if isinstance(value, types.ModuleType) else article(value)


def hint(module):
    names = [name for name, value in vars(module).items() if looks_like_app(name, value, module)]
    return f'; these look like apps: {", ".join(names)}' if names else ''


def looks_like_app(name, value, module):
    if name.startswith('_') or not callable(value) or isinstance(value, type):
        return False
    if inspect.isroutine(value) and getattr(value, '__module__', None) != module.__name__:
        return False
    return is_coroutine_callable(value) or required_parameters(value) in (2, 3)


def checked_app(app, spec):
    if not callable(app):
        raise AppLoadError(f'{spec} is {article(app)}, which is not callable')
    return app


def interface_of(app, spec, wanted):
    """"wsgi" or "asgi": `wanted`, or the interface that the app seems to have."""
    count = None if is_coroutine_callable(app) else required_parameters(app)
    if wanted != 'wsgi' and count == 1:
        raise AppLoadError(
            f'{spec} takes one argument, as an app of ASGI 2 does; '
            'wrap it: asgiref.compatibility.guarantee_single_callable(app)'
        )
    if wanted != 'auto':
        return wanted
    return 'asgi' if count in (None, 3) else 'wsgi'


def is_coroutine_callable(app):
    while isinstance(app, functools.partial):
        app = app.func
    if inspect.isclass(app):
        return hasattr(app, '__await__')
    if inspect.iscoroutinefunction(app):
        return True
    return not inspect.isroutine(app) and inspect.iscoroutinefunction(getattr(app, '__call__', None))


def required_parameters(app):
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return 2
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in positional and p.default is p.empty for p in parameters)


# --- main ---


def main():
    sock = socket.socket(fileno=3)
    sock.setblocking(True)
    sock.set_inheritable(False)
    end_with_gateway(sock)
    open_dump()
    for number in (signal.SIGINT, signal.SIGTERM):
        # The process group gets them, and the gateway judges. Not SIG_IGN, which the children of the app would inherit.
        signal.signal(number, lambda *_: None)

    link = Link(sock, FrameReader())
    link.send(json_frame(HOST_HELLO, {'protocol': PROTOCOL, 'host': host_name()}))
    options, early = read_hello(sock, link.reader)
    handler = logging.lastResort = GatewayHandler(link)
    sys.modules['isthmus'] = sys.modules[__name__]
    sys.path[0:1] = [os.getcwd()]

    spec = options['app']
    try:
        app = load_app(spec)
        interface = interface_of(app, spec, options['interface'])
    except AppLoadError as error:
        link.send(json_frame(LOADED, {'runs': 'inTurn', 'error': load_error_data(error)}))
        return 1
    link = handler.link = WsgiLink(sock, link.reader, options['threads'], options.get('maxMemoryBytes'))
    link.send(json_frame(LOADED, {'runs': 'inTurn', 'error': None}))
    link.route(early)
    serve_wsgi(app, link, options)
    return 0


def host_name():
    return f'{platform.python_implementation()} {platform.python_version()}'


def read_hello(sock, reader):
    """The options of the gateway, and the frames that came with them."""
    while True:
        data = sock.recv(65536)
        if not data:
            end_now()
        frames = reader.feed(data)
        if not frames:
            continue
        kind, *_, payload = frames[0]
        options = json.loads(payload) if kind == HELLO else {}
        if options.get('protocol') != PROTOCOL:
            end_now(f'the gateway does not speak version {PROTOCOL} of the protocol')
        return options, frames[1:]


def load_error_data(error):
    cause = error.__cause__
    data = error_data(error, 0)
    if cause is not None:
        data['stack'] = stack_of(cause)
    return data


def end_with_gateway(sock):
    """No host outlives its gateway, whatever its app does."""

    def wait():
        poll = select.poll()
        poll.register(sock.fileno(), 0)
        poll.poll()
        end_now()

    threading.Thread(target=wait, daemon=True).start()
    # A child of fork() has no part in the conversation.
    os.register_at_fork(after_in_child=sock.close)
    if sys.platform == 'linux':
        # Code in C may keep all threads of Python from running.
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def open_dump():
    """At SIGUSR2 the stacks of all threads go to descriptor 4, also while code in C runs."""
    faulthandler.enable()
    try:
        mode = os.fstat(4).st_mode
    except OSError:
        return
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        os.set_inheritable(4, False)
        faulthandler.register(signal.SIGUSR2, file=4, all_threads=True, chain=False)


if __name__ == '__main__':
    sys.exit(main())
