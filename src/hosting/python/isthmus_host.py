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
    while step and (step.tb_frame.f_code.co_filename == OWN_FILE or 'importlib' in step.tb_frame.f_code.co_filename):
        step = step.tb_next
    return ''.join(traceback.format_exception(type(error), error, step, chain=False)).rstrip()


OWN_FILE = stack_of.__code__.co_filename


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
            worn = self.running == 0 and self.turns and self.memory.look()
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
                self._wake_idle(len(self.queue) - (line is self.idle))
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
            self._wake_idle(len(self.queue))

    def _wake_idle(self, count):
        if count > 0 and self.waiting:
            self.idle.notify(count)

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
        self.link.turns += 1
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
            if is_last and flags & END:
                self.is_ended = True
                self.link.turns += 1
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


# --- ASGI ---

SERVER_FIELDS = set(
    b'connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade'.split()
)
BYTE_NAMES = {}  # the name of a header in lower case
BAD_VALUE = re.compile(rb'[\x00-\x08\x0a-\x1f\x7f]')
BYTE_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
RESERVED_CODES = (1004, 1005, 1006)


class AsgiLink(Link, asyncio.Protocol):
    """Sends what one turn of the event loop has made in one write, and runs an exchange for each request."""

    def __init__(self, sock, reader, app, options, loop):
        super().__init__(sock, reader)
        self.app = app
        self.loop = loop
        self.cancel_after = options.get('cancelAfterMs')
        self.grace = options['shutdownMs'] / 1000
        self.memory = MemoryWatch(options.get('maxMemoryBytes'))
        self.thread = threading.get_ident()
        self.transport = None
        self.open = {}
        self.state = {}
        self.extensions = {REQUEST: {}, OPEN: {}}
        self.lifespan = Lifespan(self)
        self.is_flushing = self.is_paused = self.is_ending = False
        self.changed = loop.create_future()  # the writes go on, or an exchange has ended
        self.stopping = loop.create_future()

    async def run(self, early):
        """Runs exchanges until the gateway says stop. Returns the status of the process."""
        await self.loop.create_unix_connection(lambda: self, sock=self.sock)
        error = await self.lifespan.start()
        self.post(json_frame(LOADED, {'runs': 'sideBySide', 'error': error}))
        if not error:
            self.take(early)
            await self.stopping
            await self.end_all()
            await self.lifespan.stop(self.grace)
        self.is_ending = True
        self.flush()
        self.transport.close()
        return 1 if error else 0

    async def end_all(self):
        for exchange in self.open.values():
            exchange.warn()
        await self.all_ended(self.grace)
        for exchange in list(self.open.values()):
            exchange.cancel(SHUTDOWN)
        await self.all_ended(self.grace)

    async def all_ended(self, seconds):
        end = self.loop.time() + seconds
        while self.open and self.loop.time() < end:
            await asyncio.wait([self.changed], timeout=end - self.loop.time())

    def wake(self):
        changed, self.changed = self.changed, self.loop.create_future()
        changed.set_result(None)

    async def drain(self):
        while self.is_paused:
            await asyncio.shield(self.changed)

    def ended(self, exchange):
        self.open.pop(exchange.id, None)
        if self.open:
            return
        self.wake()
        worn = self.memory.look()
        if worn:
            self.post(json_frame(WORN, {'left': {'memoryBytes': worn}}))

    # Frames.

    def post(self, frame):
        self.out.append(frame)
        if not self.is_flushing:
            self.is_flushing = True
            self.loop.call_soon(self.flush)

    def send(self, frame):
        """Sends a frame from any thread."""
        if threading.get_ident() == self.thread:
            return self.post(frame)
        return self.loop.call_soon_threadsafe(self.post, frame)

    def flush(self):
        self.is_flushing = False
        if self.out:
            self.transport.write(b''.join(self.out))
            self.out.clear()

    def take(self, frames):
        for kind, flags, number, id, payload in frames:
            if kind in (REQUEST, OPEN):
                self.begin(kind, flags, number, id, payload)
            elif kind == STATE:
                self.state = changed_state(self.state, payload)
            elif kind == STOP:
                self.stopping.done() or self.stopping.set_result(None)
            elif kind == PING:
                self.post(frame(PONG, id))
            elif id in self.open:
                self.open[id].take(kind, flags, payload)

    def begin(self, kind, flags, number, id, payload):
        if self.stopping.done():
            return self.post(frame(GIVE_BACK, id))
        head = RequestHead(payload)
        if 'extensions' in head.extra:
            self.extensions[kind] = snake_case_tls(head.extra['extensions'])
        exchange = AsgiRequest(self, id, head, flags) if kind == REQUEST else AsgiSocket(self, id, head)
        self.open[id] = exchange
        exchange.task = self.loop.create_task(exchange.run())
        return None

    # asyncio.Protocol.

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.take(self.reader.feed(data))

    def pause_writing(self):
        self.is_paused = True

    def resume_writing(self):
        self.is_paused = False
        self.wake()

    def connection_lost(self, exc):
        if not self.is_ending:
            end_now()


class AsgiExchange:
    """The part of a request and of a WebSocket that is the same: the task of the app, its scope, its end."""

    def __init__(self, link, id, head):
        self.link = link
        self.id = id
        self.head = head
        self.deadline = head.deadline
        self.state = {**link.state, **link.lifespan.state}
        self.began = time.perf_counter()
        self.task = self.timer = None
        self.cancelled = None
        self.is_done = False
        self.waiters = []
        self.sent = 0  # bytes, or weight, without credit
        self.strings = head.block.split(b'\0')

    def field(self, name):
        name = name.encode()
        for at in range(11, len(self.strings), 2):
            if self.strings[at] == name:
                return self.strings[at + 1].decode('latin-1')
        return None

    async def run(self):
        _current.set(self)
        try:
            await self.link.app(self.scope(), self.receive, self.send)
        except BaseException as error:
            self.failed(error)
        self.before_end()
        self.done()
        if self.timer:
            self.timer.cancel()
        self.link.ended(self)

    def failed(self, error):
        if self.is_done or self.cancelled:
            if not is_stop(error):
                self.link.log('error', 'the app failed after its response', error)
            return
        self.before_end()
        self.link.post(json_frame(FAILURE, error_data(error), self.id))

    def before_end(self):
        pass

    def done(self):
        if not self.is_done:
            self.is_done = True
            self.link.post(done_frame(self.id, self.took_ms()))

    def took_ms(self):
        return (time.perf_counter() - self.began) * 1000

    def scope(self):
        method, scheme, version, path, raw_path, query, root, client, client_port, server, port = self.strings[:11]
        extra = self.head.extra
        scope = {
            'type': 'http',
            'asgi': {'version': '3.0', 'spec_version': '2.5'},
            'http_version': version.decode(),
            'method': method.decode('latin-1'),
            'scheme': scheme.decode(),
            'path': unquote_to_bytes(path or raw_path).decode('utf-8', 'replace'),
            'raw_path': raw_path,
            'query_string': query,
            'root_path': unquote_to_bytes(root).decode('utf-8', 'replace'),
            'headers': list(zip(self.strings[11::2], self.strings[12::2])),
            'client': (client.decode(), int(client_port)) if client else None,
            'server': (server.decode('latin-1'), int(port) if port else None) if server else None,
            'state': self.state,
            'isthmus.carried': extra.get('carried') or {},
        }
        own = {'request_id': self.field('x-request-id'), 'traceparent': self.field('traceparent')}
        own['deadline'] = self.deadline
        scope.update({f'isthmus.{name}': value for name, value in own.items() if value is not None})
        for name, value in (extra.get('added') or {}).items():
            scope.setdefault(name, value)
        return scope

    async def wait(self):
        """Waits for the next message from the gateway about this exchange."""
        waiter = self.link.loop.create_future()
        self.waiters.append(waiter)
        try:
            await waiter
        finally:
            self.waiters.remove(waiter)

    def wake(self):
        for waiter in self.waiters:
            waiter.done() or waiter.set_result(None)

    async def sent_more(self, weight):
        """Waits until the gateway has room again."""
        self.sent += weight
        while self.sent > self.head.window and not self.cancelled:
            await self.wait()
        if self.link.is_paused:
            await self.link.drain()
        self.refuse_cancelled()

    def refuse_cancelled(self):
        if self.cancelled:
            raise gateway_error(self.cancelled)

    def take(self, kind, flags, payload):
        if kind == CREDIT:
            self.sent -= U32.unpack(payload)[0]
        elif kind == CANCEL:
            self.cancel(json.loads(payload))
        elif kind == WARN:
            self.warn()
        else:
            self.received(kind, flags, payload)
        self.wake()

    def cancel(self, data):
        """The gateway has given the exchange up. The task of an app that still answers ends: soon, or now."""
        if self.cancelled:
            return
        self.cancelled = data
        self.wake()
        if self.is_done:
            return
        if not isinstance(gateway_error(data), ClientDisconnected):
            self.task.cancel()
        else:
            self.cancel_soon()

    def cancel_soon(self):
        if self.link.cancel_after is not None and self.timer is None:
            self.timer = self.link.loop.call_later(self.link.cancel_after / 1000, self.task.cancel)

    def warn(self):
        pass

    def post_event(self, event):
        self.link.post(event_frame(self.id, event))


class AsgiRequest(AsgiExchange):
    """One request (ASGI HTTP & WebSocket 2.5, "HTTP")."""

    def __init__(self, link, id, head, flags):
        super().__init__(link, id, head)
        self.chunks = []
        self.held = 0
        self.granted = head.body_window
        self.is_whole = not flags & HAS_BODY
        self.is_taken = self.is_warned = False
        self.fault = None
        self.phase = 'waiting'
        self.start = None
        self.length = None
        self.body_bytes = 0
        self.is_head_sent = self.has_trailers = False

    def scope(self):
        scope = super().scope()
        scope['extensions'] = dict(self.link.extensions[REQUEST])
        return scope

    # The body of the request.

    def received(self, kind, flags, payload):
        if kind != BODY:
            return
        self.is_whole = bool(flags & LAST)
        if flags & BROKEN:
            self.fault = json.loads(payload)
            self.chunks = []
            return
        self.granted -= len(payload)
        self.held += len(payload)
        if payload:
            self.chunks.append(payload)

    def warn(self):
        self.is_warned = True
        self.wake()

    async def receive(self):
        while True:
            event = self.next_event()
            if not self.is_whole and self.held < BODY_WINDOW // 2 and self.granted <= BODY_WINDOW // 2:
                self.link.post(frame(WANT, self.id, U32.pack(BODY_WINDOW - self.granted)))
                self.granted = BODY_WINDOW
            if event:
                return event
            await self.wait()

    def next_event(self):
        if self.cancelled and not isinstance(gateway_error(self.cancelled), ClientDisconnected):
            self.refuse_cancelled()
        if self.cancelled or self.phase == 'complete' or (self.is_warned and self.is_taken):
            return {'type': 'http.disconnect'}
        if self.fault:
            raise gateway_error(self.fault)
        if self.is_taken or not (self.chunks or self.is_whole):
            return None
        body = b''.join(self.chunks)
        self.chunks = []
        self.held = 0
        self.is_taken = self.is_whole
        return {'type': 'http.request', 'body': body, 'more_body': not self.is_whole}

    # The response.

    async def send(self, event):
        self.refuse_cancelled()
        type = event.get('type')
        if type == 'http.response.start':
            self.send_start(event)
        elif type == 'http.response.body':
            await self.send_body(event)
        elif type == 'http.response.trailers':
            self.send_trailers(event)
        elif type == 'http.response.early_hint':
            self.send_hint(event)
        elif type == 'http.response.pathsend':
            self.send_path(event)
        else:
            raise IllegalEventError(f'{type!r} is not an event of an HTTP response')

    def require(self, event, *phases):
        if self.phase not in phases:
            raise IllegalEventError(f'{event["type"]} is illegal here: the response is {PHRASES[self.phase]}')

    def send_start(self, event):
        self.require(event, 'waiting')
        status = checked_asgi_status(event)
        headers = checked_fields(event)
        self.length = length_of(headers)
        self.has_content = self.strings[0] != b'HEAD' and status not in NO_CONTENT
        self.start = status, headers
        self.has_trailers = bool(event.get('trailers'))
        self.phase = 'started'
        if self.has_trailers:
            self.is_head_sent = True
            self.post_start()
        elif (b'content-type', b'text/event-stream') in [(name, value[:17]) for name, value in headers]:
            # The client waits for the head.
            self.send_part(b'', 0)

    def post_start(self):
        status, headers = self.start
        start = {'type': 'http.response.start', 'status': status, 'headers': texts(headers)}
        self.post_event({**start, 'trailers': True} if self.has_trailers else start)

    async def send_body(self, event):
        self.require(event, 'started', 'streaming')
        body = as_bytes(event.get('body', b''), 'the body of http.response.body')
        more = bool(event.get('more_body', False))
        self.check_length(len(body), more)
        self.phase = 'streaming' if more else 'trailers' if self.has_trailers else 'complete'
        if self.has_trailers:
            self.post_event({'type': event['type'], 'body': body, 'moreBody': more})
        elif self.is_done:
            # A response without content has ended, and the app still sends.
            if more:
                raise ClientDisconnected(DISCONNECTED)
            return
        elif more and self.has_content:
            if body or not self.is_head_sent:
                self.send_part(body, 0)
        else:
            # The length of a whole body is a field of the head, also if the client does not get the body.
            self.is_done = True
            self.send_part(b'' if more else body, END | OVER)
            self.wake()
            return
        await self.sent_more(len(body))

    def check_length(self, size, more):
        if self.length is None or not self.has_content:
            return
        self.body_bytes += size
        if self.body_bytes > self.length:
            self.body_bytes -= size
            raise ContentLengthMismatchError(f'the body is longer than its Content-Length of {self.length} bytes')
        if self.body_bytes < self.length and not more:
            self.phase = 'failed'
            raise too_short(self.body_bytes, self.length)

    def send_part(self, chunk, flags):
        head = None
        if not self.is_head_sent:
            status, headers = self.start
            head = status, b'\0'.join([text for field in headers for text in field])
        self.is_head_sent = True
        self.link.post(part_frame(self.id, head, chunk, flags, self.took_ms() if flags & OVER else 0.0))

    def send_trailers(self, event):
        self.require(event, 'trailers')
        more = bool(event.get('more_trailers', False))
        self.post_event({'type': event['type'], 'headers': texts(checked_fields(event)), 'moreTrailers': more})
        if not more:
            self.complete()

    def send_hint(self, event):
        self.require(event, 'waiting', 'started', 'streaming', 'trailers')
        links = [as_bytes(link, 'a link of http.response.early_hint').decode('latin-1') for link in event['links']]
        if links and not self.is_head_sent:
            self.post_event({'type': event['type'], 'links': links})

    def send_path(self, event):
        if 'http.response.pathsend' not in self.link.extensions[REQUEST]:
            raise IllegalEventError('http.response.pathsend is not offered in scope["extensions"] here')
        self.require(event, 'started')
        if self.is_head_sent:
            raise IllegalEventError('http.response.pathsend is illegal here: the head of the response has left')
        path = event.get('path')
        if not isinstance(path, str) or not os.path.isabs(path):
            raise IllegalEventError('the path of http.response.pathsend must be an absolute path')
        self.is_head_sent = True
        self.post_start()
        self.post_event({'type': event['type'], 'path': path})
        self.complete()

    def complete(self):
        self.phase = 'complete'
        self.done()
        self.wake()

    def before_end(self):
        """The gateway judges an app that ends between its start and its body."""
        if self.start and not self.is_head_sent and not self.cancelled:
            self.is_head_sent = True
            self.post_start()


PHRASES = {
    'waiting': 'waiting for http.response.start',
    'started': 'started and waiting for its body',
    'streaming': 'in the middle of its body',
    'trailers': 'waiting for http.response.trailers',
    'complete': 'complete',
    'failed': 'broken off',
}


class AsgiSocket(AsgiExchange):
    """One WebSocket (ASGI HTTP & WebSocket 2.5, "WebSocket")."""

    LEGAL = {
        'connecting': ('websocket.accept', 'websocket.close', 'websocket.http.response.start'),
        'open': ('websocket.send', 'websocket.close'),
        'denying': ('websocket.http.response.body',),
        'closed': (),
    }

    def __init__(self, link, id, head):
        super().__init__(link, id, head)
        self.events = collections.deque([{'type': 'websocket.connect'}])
        self.end = None
        self.taken = 0
        self.phase = 'connecting'

    def scope(self):
        scope = super().scope()
        del scope['method']
        subprotocols = self.head.extra.get('subprotocols') or []
        return {
            **scope,
            'type': 'websocket',
            'subprotocols': subprotocols,
            'extensions': dict(self.link.extensions[OPEN]),
        }

    # From the client.

    def received(self, kind, flags, payload):
        if kind == EVENT:
            event = json.loads(payload[4:])
            self.gone(event.get('code', 1005), event.get('reason') or '')
        elif self.end is None and kind == TEXT:
            self.events.append({'type': 'websocket.receive', 'text': payload.decode('utf-8', 'replace')})
        elif self.end is None and kind == BYTES:
            self.events.append({'type': 'websocket.receive', 'bytes': payload})

    def gone(self, code, reason):
        if self.end is None:
            self.end = {'type': 'websocket.disconnect', 'code': code, 'reason': reason}
            self.wake()
        if self.phase != 'closed':
            self.cancelled = self.cancelled or DISCONNECTED
            self.cancel_soon()

    def cancel(self, data):
        self.gone(1006, '')
        super().cancel(data)

    async def receive(self):
        while not self.events and self.end is None:
            await self.wait()
        if not self.events:
            return dict(self.end)
        event = self.events.popleft()
        if event['type'] == 'websocket.receive':
            self.taken += weight_of(event)
            if self.taken >= self.head.window / 2:
                self.link.post(frame(WANT, self.id, U32.pack(self.taken)))
                self.taken = 0
        return event

    # To the client.

    async def send(self, event):
        self.refuse_cancelled()
        type = event.get('type')
        if type not in self.LEGAL[self.phase]:
            legal = ' or '.join(self.LEGAL[self.phase]) or 'nothing more'
            raise IllegalEventError(f'{type!r} is illegal while the WebSocket is {self.phase}: send {legal}')
        checked = getattr(self, CHECKS[type])(event)
        self.post_event({'type': type, **checked})
        if type == 'websocket.send':
            await self.sent_more(weight_of(checked))

    def check_accept(self, event):
        subprotocol = event.get('subprotocol')
        offered = self.head.extra.get('subprotocols') or []
        if subprotocol is not None and subprotocol not in offered:
            raise IllegalEventError(
                f'the subprotocol of websocket.accept must be one that the client offered '
                f'({", ".join(offered) or "none"}), got {subprotocol!r}'
            )
        fields = checked_fields(event)
        for name, _ in fields:
            if name in SERVER_FIELDS or name.startswith(b'sec-websocket-'):
                raise InvalidHeaderError(f'only the server sets the header {name.decode()!r} of websocket.accept')
        self.phase = 'open'
        return {'subprotocol': subprotocol, 'headers': texts(fields)}

    def check_send(self, event):
        text, data = event.get('text'), event.get('bytes')
        if (text is None) == (data is None):
            raise IllegalEventError('websocket.send needs exactly one of text and bytes')
        if text is None:
            return {'bytes': as_bytes(data, 'the bytes of websocket.send')}
        if not isinstance(text, str):
            raise IllegalEventError(f'the text of websocket.send must be a str, got {article(text)}')
        return {'text': text}

    def check_close(self, event):
        code = event.get('code')
        code = 1000 if code is None else code
        reason = event.get('reason') or ''
        is_known = isinstance(code, int) and (1000 <= code <= 1014 or 3000 <= code <= 4999)
        if not is_known or code in RESERVED_CODES:
            raise IllegalEventError(
                f'the code of websocket.close must be 1000 to 1014 without 1004 to 1006, or 3000 to 4999, got {code!r}'
            )
        if not isinstance(reason, str) or len(reason.encode('utf-8', 'replace')) > 123:
            raise IllegalEventError('the reason of websocket.close must be a str of at most 123 bytes in UTF-8')
        self.phase = 'closed'
        return {'code': code, 'reason': reason}

    def check_denial(self, event):
        status, headers = checked_asgi_status(event), texts(checked_fields(event))
        self.phase = 'denying'
        return {'status': status, 'headers': headers}

    def check_denial_body(self, event):
        body = as_bytes(event.get('body', b''), 'the body of websocket.http.response.body')
        more = bool(event.get('more_body', False))
        self.phase = 'denying' if more else 'closed'
        return {'body': body, 'moreBody': more}


CHECKS = {
    'websocket.accept': 'check_accept',
    'websocket.send': 'check_send',
    'websocket.close': 'check_close',
    'websocket.http.response.start': 'check_denial',
    'websocket.http.response.body': 'check_denial_body',
}


class Lifespan:
    """The lifespan of the app (ASGI Lifespan 2.0). An app without one is fine."""

    def __init__(self, link):
        self.link = link
        self.state = {}
        self.phase = 'starting'
        self.is_told = False
        self.error = None
        self.changed = asyncio.Event()
        self.stopping = asyncio.Event()

    async def start(self):
        """Waits for the startup. Returns an error as data, or None."""
        self.task = self.link.loop.create_task(self.run())
        while self.phase == 'starting':
            await self.changed.wait()
        return self.error

    async def stop(self, seconds):
        """Tells the app, and waits until it has shut down, for a time."""
        if self.phase != 'started':
            return
        self.phase = 'stopping'
        self.stopping.set()
        self.changed.clear()
        try:
            await asyncio.wait_for(self.changed.wait(), seconds)
        except asyncio.TimeoutError:
            self.link.log('error', f'the app sent no lifespan.shutdown.complete within {seconds:g} seconds')

    async def run(self):
        scope = {'type': 'lifespan', 'asgi': {'version': '3.0', 'spec_version': '2.0'}, 'state': self.state}
        try:
            await self.link.app(scope, self.receive, self.send)
        except BaseException as error:
            self.failed(error)
        self.phase = 'ended'
        self.changed.set()

    def failed(self, error):
        if self.phase == 'starting':
            # An app that does not know the scope raises before it receives.
            if self.is_told:
                self.link.log('warn', 'the app failed before lifespan.startup.complete: no lifespan', error)
        elif self.phase in ('started', 'stopping'):
            self.link.log('error', 'the app failed in its lifespan', error)

    async def receive(self):
        if not self.is_told:
            self.is_told = True
            return {'type': 'lifespan.startup'}
        await self.stopping.wait()
        return {'type': 'lifespan.shutdown'}

    async def send(self, event):
        step, _, result = event.get('type', '').rpartition('.')
        expected = {'starting': 'lifespan.startup', 'stopping': 'lifespan.shutdown'}.get(self.phase)
        if step != expected or result not in ('complete', 'failed'):
            raise IllegalEventError(f'{event.get("type")!r} is illegal while the lifespan is {self.phase}')
        message = event.get('message', '')
        if result == 'failed' and self.phase == 'starting':
            self.error = error_data(LifespanError(message or 'the app failed to start'))
        elif result == 'failed':
            self.link.log('error', f'the app failed to shut down: {message}')
        self.phase = 'started' if result == 'complete' and self.phase == 'starting' else 'ended'
        self.changed.set()


def checked_asgi_status(event):
    status = event.get('status')
    if not isinstance(status, int) or not 200 <= status <= 999:
        raise IllegalEventError(f'the status of {event["type"]} must be an int from 200 to 999, got {status!r}')
    return int(status)


def checked_fields(event):
    """The headers of an event as a list of pairs of bytes, names in lower case."""
    fields = []
    for name, value in event.get('headers') or ():
        lower = BYTE_NAMES.get(name) or checked_byte_name(name, event)
        value = as_bytes(value, f'the value of the header {lower.decode()!r}')
        if BAD_VALUE.search(value):
            raise InvalidHeaderError(f'the value of the header {lower.decode()!r} has a control character')
        fields.append((lower, value))
    return fields


def checked_byte_name(name, event):
    name = as_bytes(name, f'the name of a header of {event["type"]}')
    if not BYTE_TOKEN.fullmatch(name):
        raise InvalidHeaderError(f'the header name {name!r} is not a token (RFC 9110, 5.1)')
    if len(BYTE_NAMES) < MAX_NAMES:
        BYTE_NAMES[name] = name.lower()
    return name.lower()


def length_of(fields):
    length = None
    for name, value in fields:
        if name == b'content-length':
            length = checked_length(value.decode('latin-1'), length)
    return length


def texts(fields):
    return [[name.decode('latin-1'), value.decode('latin-1')] for name, value in fields]


def as_bytes(value, name):
    if isinstance(value, bytes):
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    raise IllegalEventError(f'{name} must be bytes, got {article(value)}')


def weight_of(message):
    text = message.get('text')
    if text is None:
        return len(message['bytes']) + 64
    units = len(text) if text.isascii() else len(text.encode('utf-16-le', 'surrogatepass')) // 2
    return units + 64


def snake_case_tls(extensions):
    extensions = dict(extensions or {})
    if 'tls' in extensions:
        tls = extensions['tls'].items()
        extensions['tls'] = {re.sub('[A-Z]', lambda m: '_' + m[0].lower(), key): value for key, value in tls}
    return extensions


def new_event_loop():
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def serve_asgi(app, sock, reader, options, loop, handler, early):
    link = AsgiLink(sock, reader, app, options, loop)
    handler.link = link
    try:
        return loop.run_until_complete(link.run(early))
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


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

    # Before the app is loaded: on Python 3.9 its locks belong to the loop that is current at their creation.
    loop = None if options['interface'] == 'wsgi' else new_event_loop()
    asyncio.set_event_loop(loop)
    spec = options['app']
    try:
        app = load_app(spec)
        interface = interface_of(app, spec, options['interface'])
    except AppLoadError as error:
        link.send(json_frame(LOADED, {'runs': 'inTurn', 'error': load_error_data(error)}))
        return 1
    if interface == 'asgi':
        return serve_asgi(app, sock, link.reader, options, loop, handler, early)
    if loop:
        loop.close()
        asyncio.set_event_loop(None)
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
