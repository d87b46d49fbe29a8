"""Hosts a WSGI or an ASGI 3 app for the gateway of isthmus.

The gateway starts this file as a process: `python3 -u isthmus_host.py shop.wsgi:application`. The argument is for `ps`
only. Descriptor 3 is a socket, on which both sides send frames: see docs/host-protocol.md, "The byte encoding".
Descriptor 4, if it is open, is a pipe: at SIGUSR2 the stacks of all threads go there.

The first frame of the gateway, its hello, has the options:

    app              "package.module:attribute"; the attribute may be dotted; "make_app()" is called without arguments;
                     without an attribute the host takes `application`, then `app`
    interface        "wsgi", "asgi", or "auto", which looks at the app
    threads          how many requests of a WSGI app run at the same time
    multiprocess     whether other processes run the same app
    maxMemoryBytes   a host with more memory than this is worn; null: no limit
    cancelAfterMs    when the task of an unfinished ASGI exchange is cancelled after its client has left; null: never
    shutdownMs       how long ASGI exchanges may take to end at a stop, and the shutdown of the lifespan after them
    channels         the channels of the server, as in the message `channels`; null: it has none

An app may `import isthmus`: that is this module, with the names in `__all__`.
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
from urllib.parse import unquote_to_bytes

__all__ = ['request_id', 'traceparent', 'deadline', 'channels']

_current = contextvars.ContextVar('isthmus.request')

# The channels of the server, for code outside of a request; None: it has none. The class is Channels, below.
channels = None


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
HEADER = struct.Struct('>IBBHQ')  # the length of the payload, the kind, flags, a small number, the id
REQUEST_HEAD = struct.Struct('>dIII')  # the deadline, both windows, the length of the text block
PART_HEAD = struct.Struct('>IBBHQfI')  # the header of the frame, tookMs, the length of the text block
U16 = struct.Struct('>H')
U32 = struct.Struct('>I')
U64 = struct.Struct('>Q')
F32 = struct.Struct('>f')

# The kinds of the frames to the host, and of those to the gateway.
HELLO, REQUEST, OPEN, BODY, CREDIT, CANCEL, WARN, STATE, STOP, TEXT, BYTES, EVENT, PING = range(1, 14)
CHANNELS, ACCEPTED = range(14, 16)
HOST_HELLO, LOADED, WANT, PART, FAILURE, DONE, LOG = range(65, 72)
SENT_TEXT, SENT_BYTES, SENT_EVENT, WATCH, WORN, GIVE_BACK, PONG, PUBLISH = range(72, 80)

HAS_BODY = 1  # flags of a request
LAST, BROKEN = 1, 2  # flags of a body
WITH_HEAD, END, OVER = 1, 2, 4  # flags of a part
IS_BYTES = 1  # a flag of a publish

READ_SIZE = 64 * 1024
BODY_WINDOW = 64 * 1024


class FrameReader:
    """Cuts the bytes of a stream into frames: tuples of kind, flags, small number, id and payload."""

    def __init__(self):
        self._rest = bytearray()
        self._needed = HEADER.size

    def feed(self, data):
        """Returns the frames that `data` completes. Without data the gateway has ended."""
        if not data:
            end_now()
        if self._rest:
            self._rest += data
            if len(self._rest) < self._needed:
                return []
            data, self._rest = bytes(self._rest), bytearray()
        frames, at, size = [], 0, len(data)
        self._needed = HEADER.size
        while size - at >= 16:
            length, kind, flags, number, id = HEADER.unpack_from(data, at)
            end = at + 16 + length
            if end > size:
                self._needed = end - at
                break
            if not HELLO <= kind <= ACCEPTED:
                end_now(f'the gateway has sent a frame of the unknown kind {kind}')
            frames.append((kind, flags, number, id, data[at + 16 : end]))
            at = end
        if at < size:
            self._rest += data[at:]
        return frames


def request_head(payload):
    """The payload of a `request` or an `open`: deadline in seconds, both windows, text block, and the JSON."""
    deadline, body_window, window, size = REQUEST_HEAD.unpack_from(payload)
    extra = json.loads(payload[20 + size :]) if len(payload) > 20 + size else {}
    return deadline / 1000 or None, body_window, window, payload[20 : 20 + size], extra


def frame(kind, id=0, payload=b'', flags=0, number=0):
    return HEADER.pack(len(payload), kind, flags, number, id) + payload


def json_frame(kind, value, id=0):
    return frame(kind, id, json_bytes(value))


def json_bytes(value):
    text = json.dumps(value, ensure_ascii=False, separators=(',', ':'), default=str)
    # A lone surrogate becomes \udXXX, which is an escape of JSON too.
    return text.encode('utf-8', 'backslashreplace')


def part_frame(id, head, chunk, flags, took_ms=0.0):
    """`head` is the status and the text block of the headers, or None."""
    status, block = head or (0, b'')
    flags |= WITH_HEAD if head else 0
    size = 8 + len(block) + len(chunk)
    return PART_HEAD.pack(size, PART, flags, status, id, took_ms, len(block)) + block + chunk


def done_frame(id, took_ms):
    return frame(DONE, id, F32.pack(took_ms))


def want_frame(id, size):
    return frame(WANT, id, U32.pack(size))


def event_frame(id, event):
    """The frame of an event, whose keys have the names of the wire: moreBody, not more_body."""
    if event.get('text') is not None:
        return frame(SENT_TEXT, id, event['text'].encode('utf-8', 'replace'))
    if event['type'] == 'websocket.send':
        return frame(SENT_BYTES, id, event['bytes'])
    rest = json_bytes({key: value for key, value in event.items() if key != 'body'})
    return frame(SENT_EVENT, id, U32.pack(len(rest)) + rest + event.get('body', b''))


def publish_frame(channels, group, payload, flags, lost):
    """`channels` is their number, `group` bytes, and `lost` how many messages of the group were dropped before."""
    return frame(PUBLISH, 0, U32.pack(lost) + U16.pack(len(group)) + group + payload, flags, channels)


# --- errors ---

MAX_CAUSES = 8


class GatewayError(OSError):
    """An error that the gateway has sent. `data` has its name, its message and its code."""

    def __init__(self, data):
        super().__init__(data['message'])
        self.data = data


class ClientDisconnected(GatewayError, ConnectionResetError):
    """The client has left."""


class AppError(RuntimeError):
    """The app breaks a rule of its interface. The gateway knows the error by its name and its code."""

    code = 'ISTHMUS_APP_FAULT'


class AppLoadError(AppError):
    code = 'ISTHMUS_APP_LOAD'


class LifespanError(AppError):
    code = 'ISTHMUS_LIFESPAN_FAILED'


class ContentLengthMismatchError(AppError):
    code = 'ISTHMUS_CONTENT_LENGTH_MISMATCH'


class InvalidHeaderError(AppError):
    code = 'ISTHMUS_INVALID_HEADER'


class IllegalEventError(AppError):
    code = 'ISTHMUS_ILLEGAL_EVENT'


LEFT = {'name': 'ClientDisconnectedError', 'message': 'the client disconnected', 'code': 'ECONNRESET'}
SHUTDOWN = {'name': 'ServerShutdownError', 'message': 'the server is shutting down', 'code': 'ISTHMUS_SERVER_SHUTDOWN'}


def gateway_error(data):
    """The exception for an error that the gateway has sent as data."""
    is_left = (data['name'], data.get('code')) == (LEFT['name'], LEFT['code'])
    return ClientDisconnected(data) if is_left else GatewayError(data)


def error_data(error, causes=MAX_CAUSES):
    """The parts of an exception that cross. An error of the gateway goes back as it came."""
    data = {'name': type(error).__name__, 'message': text_of(error), 'stack': stack_of(error)}
    if isinstance(error, GatewayError):
        data.update(error.data, stack=data['stack'])
    elif isinstance(error, AppError):
        data['code'] = error.code
    cause = cause_of(error)
    if cause is not None and causes > 0:
        data['cause'] = error_data(cause, causes - 1)
    return data


def cause_of(error):
    return error.__cause__ if error.__suppress_context__ else error.__context__


def text_of(error):
    try:
        return str(error)
    except Exception:
        return f'{article(error)} without a text'


def stack_of(error):
    """The traceback as text, without the frames of the host and of importlib at its beginning."""
    step = error.__traceback__
    while step and (step.tb_frame.f_code.co_filename == OWN_FILE or 'importlib' in step.tb_frame.f_code.co_filename):
        step = step.tb_next
    return ''.join(traceback.format_exception(type(error), error, step, chain=False)).rstrip()


OWN_FILE = stack_of.__code__.co_filename


def is_stop(error):
    """Whether the app ends because its exchange is over."""
    for _ in range(MAX_CAUSES):
        if error is None or isinstance(error, (GatewayError, asyncio.CancelledError)):
            break
        error = cause_of(error)
    return isinstance(error, (GatewayError, asyncio.CancelledError))


def article(value):
    """The type of a value, for a message: "an int", "None"."""
    name = type(value).__name__
    return 'None' if value is None else f'{"an" if name[0] in "aeioAEIO" else "a"} {name}'


def end_now(reason=None):
    """Ends the process at once, from any thread: the gateway has ended, or breaks the protocol."""
    if reason:
        os.write(2, f'isthmus host: {reason}\n'.encode())
    os._exit(1)


# --- link ---


class Link:
    """Sends frames to the gateway, from any thread."""

    def __init__(self, sock, reader):
        self.sock = sock
        self.reader = reader
        self.out = collections.deque()
        self._sending = threading.Lock()
        self._is_late = False  # a thread of its own sends all frames
        self._has_late = threading.Event()
        self._late = None

    def post(self, frame):
        """Sends a frame with the next one that leaves at once."""
        self.out.append(frame)

    def send(self, frame):
        """Sends a frame, and those before it, at once."""
        self.out.append(frame)
        self.flush()

    def flush(self):
        # The thread that has the lock sends the frames of the others too, and looks again when it has let go. So no
        # thread waits here for the lock: an object may log while the garbage collector runs in the middle of this.
        while self.out and self._sending.acquire(False):
            try:
                frames = []
                while self.out:
                    frames.append(self.out.popleft())
                self.sock.sendall(b''.join(frames))
            except OSError:
                end_now()
            finally:
                self._sending.release()

    def send_without_wait(self, frame):
        """Sends a frame, and those before it. A thread of its own sends the bytes that the socket does not take at once."""
        self.out.append(frame)
        while self.out and not self._is_late and self._sending.acquire(False):
            try:
                data = b''.join([self.out.popleft() for _ in range(len(self.out))])
                try:
                    sent = self.sock.send(data, socket.MSG_DONTWAIT)
                except BlockingIOError:
                    sent = 0
                if sent < len(data):
                    self.out.appendleft(data[sent:])
                    self._is_late = True
            except OSError:
                end_now()
            finally:
                self._sending.release()
        if self._is_late:
            self._late = self._late or started_thread(self._send_late)
            self._has_late.set()

    def _send_late(self):
        while True:
            self._has_late.wait()
            self._has_late.clear()
            self.flush()
            self._is_late = False
            # A frame that came before this line has no other sender.
            self.flush()

    def log(self, level, message, error=None, **fields):
        data = error_data(error) if error is not None else None
        self.send(json_frame(LOG, {'level': level, 'fields': fields, 'error': data, 'message': message}))


def started_thread(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


class GatewayHandler(logging.Handler):
    """Takes the place of logging.lastResort: the lines of an app that has not configured logging have their level."""

    def __init__(self, link):
        super().__init__(logging.WARNING)
        self.link = link

    def emit(self, record):
        try:
            level = 'error' if record.levelno >= logging.ERROR else 'warn'
            error = record.exc_info[1] if record.exc_info else None
            self.link.log(level, record.getMessage(), error, logger=record.name, pid=os.getpid())
        except Exception:
            self.handleError(record)


class WsgiLink(Link):
    """Takes messages for the threads of a WSGI app, without a thread of its own.

    A thread that needs a message reads the socket, or waits while another thread reads. The reader gives all messages
    to their requests, and wakes a thread that waits when it has found its own.
    """

    def __init__(self, sock, reader, threads, max_memory=None):
        super().__init__(sock, reader)
        self.lock = threading.Lock()
        self.idle = threading.Condition(self.lock)  # the threads that wait for a request
        self.busy = threading.Condition(self.lock)  # the threads that wait inside one
        self.waiting = 0
        self.is_read = False
        self.queue = collections.deque()  # the requests that have not begun
        self.open = {}
        self.state = {}
        self.channels = channels
        self.is_stopping = False
        self.threads = self.running = threads
        self.turns = 0  # counts beginnings and ends of requests
        self.is_active = threading.Event()
        self.memory = MemoryWatch(max_memory)

    def next_request(self):
        """Waits for the next request. False: the host stops."""
        with self.lock:
            self.running -= 1
        if self.running == 0 and self.turns and self.memory.is_worn():
            self.send(self.memory.frame())
        request = self.wait_for(self._take, self.idle)
        if not self.is_active.is_set():
            self.is_active.set()
        return request

    def wait_for(self, take, line):
        """Takes messages until `take()` returns a value that is not None. `line` is the condition to wait for."""
        self.lock.acquire()
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
                self.lock.release()
                try:
                    if self.out:
                        self.flush()
                    data = self._receive()
                finally:
                    self.lock.acquire()
                    self.is_read = False
                self.take_all(self.reader.feed(data), int(line is self.idle))
        finally:
            if self.waiting and not self.is_read:
                self.idle.notify()
                self.busy.notify()
            self.lock.release()

    def poll(self, waits=True):
        """Takes the messages that have arrived, if no other thread reads. With `waits` it waits for the lock."""
        if not self.lock.acquire(waits):
            return
        try:
            if not self.is_read:
                data = self._receive(socket.MSG_DONTWAIT)
                if data is not None:
                    self.take_all(self.reader.feed(data))
        finally:
            self.lock.release()

    def publish(self, frame):
        self.send_without_wait(frame)

    def look_for_accepted(self):
        # The garbage collector may publish inside of code that has the lock.
        self.poll(waits=False)

    def give_back_late(self):
        """Gives requests back that have not begun, when all threads are busy with the same requests for 5 ms.

        Runs in a thread of its own, which sleeps without a wake-up while the host has nothing to do.
        """
        turns, quiet = -1, 0
        while True:
            self.is_active.wait()
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
                    self.is_active.clear()

    def _receive(self, flags=0):
        try:
            return self.sock.recv(READ_SIZE, flags)
        except BlockingIOError:
            return None
        except OSError:
            return b''

    # The caller of these has the lock.

    def _take(self):
        if self.is_stopping:
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
            del self.open[request.id]
            self.post(frame(GIVE_BACK, request.id))

    def take_all(self, frames, served=0):
        """Gives messages to their requests. `served`: the number of requests that the caller takes itself."""
        for kind, flags, _, id, payload in frames:
            if kind == REQUEST:
                self.open[id] = WsgiRequest(self, id, flags, payload)
                self.queue.append(self.open[id])
            elif kind == STATE:
                self.state = changed_state(self.state, payload)
            elif kind == CHANNELS:
                self.channels = channels_of(json.loads(payload))
            elif kind == ACCEPTED:
                publisher.accepted(U32.unpack(payload)[0])
            elif kind == STOP:
                self.is_stopping = True
                self.idle.notify_all()
            else:
                # A thread may end the request at the same time.
                request = self.open.get(id)
                if request:
                    self._tell(request, kind, flags, payload)
        if self.waiting and len(self.queue) > served:
            self.idle.notify(len(self.queue) - served)

    def _tell(self, request, kind, flags, payload):
        if kind == BODY:
            request.push(payload, flags)
        elif kind == CREDIT:
            request.credited += U32.unpack(payload)[0]
        elif kind == CANCEL:
            request.cancelled = json.loads(payload)
            if request in self.queue:
                self.queue.remove(request)
                del self.open[request.id]
                self.post(done_frame(request.id, 0))
        if self.waiting:
            self.busy.notify_all()


class MemoryWatch:
    """Looks at the memory of the process when no request runs, and finds once that it is too much."""

    def __init__(self, max_bytes):
        self.max_bytes = max_bytes
        self.bytes = 0
        self.next_look = 0

    def is_worn(self):
        if self.max_bytes is None or time.monotonic() < self.next_look:
            return False
        self.next_look = time.monotonic() + 1
        self.bytes = memory_bytes()
        if self.bytes <= self.max_bytes:
            return False
        self.max_bytes = None
        return True

    def frame(self):
        return json_frame(WORN, {'left': {'memoryBytes': self.bytes}})


def memory_bytes():
    try:
        with open('/proc/self/statm', 'rb') as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == 'darwin' else most * 1024


def changed_state(state, payload):
    """Returns a new dict: requests that have arrived keep the old one."""
    change = json.loads(payload)
    return {**{key: value for key, value in state.items() if key not in change['unset']}, **change['set']}


# --- channels ---

MAX_WAITING = 10_000
MAX_WAITING_BYTES = 16 * 1024 * 1024
MAX_LOST_GROUPS = 10_000
DIRECT = 'isthmus.direct.'
ADDRESS = re.compile(r'(isthmus\.direct\.[0-9a-f-]{36})\.(\d{1,15})', re.ASCII)


class Publisher:
    """Passes messages on, from any thread, within a bound on those that the gateway has not accepted yet."""

    def __init__(self, max_waiting=MAX_WAITING, max_waiting_bytes=MAX_WAITING_BYTES):
        self.max_waiting = max_waiting
        self.max_waiting_bytes = max_waiting_bytes
        # The garbage collector may publish inside of a publish.
        self.lock = threading.RLock()
        self.sizes = collections.deque()  # of the messages that the gateway has not accepted
        self.bytes = 0
        self.lost = {}  # the dropped messages that no frame has told yet
        self.dropped = 0
        self.early = []
        self.link = None
        self.is_child = False

    def start(self, link):
        """Messages from before, while the app was loaded, leave now."""
        with self.lock:
            self.link = link
            early, self.early = self.early, []
            for frame in early:
                link.publish(frame)

    def leave(self):
        """This process is a child of the host, and speaks to no gateway."""
        self.is_child = True
        self.lock = threading.RLock()

    def publish(self, number, group, payload, flags):
        """False: the message was dropped. `number` is that of the channels, `group` and `payload` are bytes."""
        if self.link and self.is_half_full():
            self.link.look_for_accepted()
        with self.lock:
            size = len(group) + len(payload)
            key = number, group
            if self.is_child or not self.has_room(size):
                self.dropped += 1
                if key in self.lost or len(self.lost) < MAX_LOST_GROUPS:
                    self.lost[key] = self.lost.get(key, 0) + 1
                return False
            self.sizes.append(size)
            self.bytes += size
            frame = publish_frame(number, group, payload, flags, self.lost.pop(key, 0))
            if self.link:
                self.link.publish(frame)
            else:
                self.early.append(frame)
            return True

    def is_half_full(self):
        return len(self.sizes) * 2 > self.max_waiting or self.bytes * 2 > self.max_waiting_bytes

    def has_room(self, size):
        # One message always has room.
        return not self.sizes or (len(self.sizes) < self.max_waiting and self.bytes + size <= self.max_waiting_bytes)

    def accepted(self, count):
        with self.lock:
            for _ in range(min(count, len(self.sizes))):
                self.bytes -= self.sizes.popleft()


publisher = Publisher()


class Channels:
    """Messages to groups of consumers. No call waits for the gateway, and all may be made in any thread."""

    __slots__ = ('_number', '_max_bytes')

    def __init__(self, number, max_bytes):
        self._number = number
        self._max_bytes = max_bytes

    def publish(self, group, message):
        """Publishes bytes, or a value that JSON can write. False: the message was dropped, because too many wait.

        Raises TypeError or ValueError for an impossible group or message.
        """
        name = checked_group(group)
        payload, flags = self._payload(message)
        return publisher.publish(self._number, name, payload, flags)

    def send(self, address, message):
        """Sends a message to one consumer, by its address. Else it is like publish()."""
        match = ADDRESS.fullmatch(address) if isinstance(address, str) else None
        if not match:
            raise ValueError(f'an address is that of a subscription, got {address!r}')
        payload, flags = self._payload(message)
        number = int(match[2])
        before = U64.pack(number) if flags else b'%d:' % number
        return publisher.publish(self._number, match[1].encode(), before + payload, flags)

    @property
    def dropped(self):
        """The messages that this process has dropped."""
        return publisher.dropped

    def _payload(self, message):
        if isinstance(message, (bytes, bytearray, memoryview)):
            payload, flags = bytes(message), IS_BYTES
        else:
            text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(',', ':'))
            payload, flags = text.encode('utf-8', 'backslashreplace'), 0
        if len(payload) > self._max_bytes:
            rule = f'maxMessageBytes of {self._max_bytes}; publish the place of the data in its stead'
            raise ValueError(f'a message of {len(payload)} bytes is above {rule}')
        return payload, flags


def checked_group(group):
    """The name of a group in UTF-8."""
    if not isinstance(group, str):
        raise TypeError(f'a group has a name, which is a str, got {article(group)}')
    try:
        length = len(group.encode('utf-16-le')) // 2
    except UnicodeEncodeError:
        raise ValueError('the name of a group has half of a surrogate pair; use whole characters') from None
    if not 1 <= length <= 255:
        raise ValueError(f'a group has a name of 1 to 255 characters, got {length}')
    if group.startswith(DIRECT):
        raise ValueError(f'a group cannot begin with "{DIRECT}": use send(address, message)')
    return group.encode()


def channels_of(data):
    """The channels that a message of the gateway describes; None: there are none."""
    return data and data['number'] and Channels(data['number'], data['maxMessageBytes'])


# --- heads ---

NO_CONTENT = (204, 304)
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
VALUE = re.compile(r'[\t\x20-\x7e\x80-\xff]*')
BAD_BYTE = re.compile(rb'[\x00-\x08\x0a-\x1f\x7f]')
STATUS = re.compile(r'[2-9]\d\d(?: [\t\x20-\x7e\x80-\xff]*)?')
HOP_BY_HOP = set(
    'connection keep-alive proxy-authenticate proxy-authorization te trailer trailers transfer-encoding upgrade'.split()
)


class Cache(dict):
    """Computes a missing value. The number of values has a bound."""

    def __init__(self, compute):
        super().__init__()
        self.compute = compute

    def __missing__(self, key):
        value = self.compute(key)
        if len(self) < 512:
            self[key] = value
        return value


def lower_name(name):
    if not isinstance(name, str):
        raise TypeError(f'the name of a header must be a str, got {article(name)}')
    if not TOKEN.fullmatch(name):
        raise InvalidHeaderError(f'the header name {name!r} is not a token (RFC 9110, 5.1)')
    return name.lower()


def sent_name(name):
    """The name of a header in lower case, or '' for a field that only the server sets."""
    lower = lower_name(name)
    if lower == 'status':
        raise InvalidHeaderError('the status is an argument of start_response, not a header "status"')
    return '' if lower in HOP_BY_HOP else lower


def status_code(status):
    if not isinstance(status, str):
        raise TypeError(f"the status must be a str such as '200 OK', got {article(status)}")
    if not STATUS.fullmatch(status):
        raise InvalidHeaderError(f"{status!r} is not three digits from 200, a space and a reason, such as '200 OK'")
    return int(status[:3])


def environ_key(name):
    upper = name.upper().replace('-', '_')
    return upper if upper in ('CONTENT_TYPE', 'CONTENT_LENGTH') else 'HTTP_' + upper


ENVIRON_KEYS = Cache(environ_key)
SENT_NAMES = Cache(sent_name)
STATUS_CODES = Cache(status_code)
BYTE_NAMES = Cache(lambda name: lower_name(name.decode('latin-1')).encode())
dropped = set()


def checked_head(status, headers, link):
    """The status as a number, the text block of the headers, and the Content-Length or None."""
    code, strings, length = STATUS_CODES[status], [], None
    for name, value in headers:
        lower = SENT_NAMES[name]
        if not lower:
            if name not in dropped:
                dropped.add(name)
                link.log('warn', f'the header "{name}" of the app is dropped: it is hop-by-hop, and the server sets it')
        elif lower != 'content-length':
            strings += lower, value
        elif length is None:
            strings += lower, value
            length = checked_length(value)
        else:
            checked_length(value, length)
    try:
        # One look at all values is enough for nearly all heads.
        is_plain = ''.join(strings).isprintable()
        block = '\0'.join(strings).encode('latin-1')
    except (TypeError, UnicodeEncodeError):
        is_plain = False
    if not is_plain:
        for name, value in zip(strings[::2], strings[1::2]):
            check_value(name, value)
    return code, block, length


def check_value(name, value):
    if not isinstance(value, str):
        raise TypeError(f'the value of the header "{name}" must be a str, got {article(value)}')
    if not VALUE.fullmatch(value):
        raise InvalidHeaderError(f'the header "{name}" has a control character or a character above U+00FF')


def checked_length(value, before=None):
    if not isinstance(value, str) or not (value.isascii() and value.isdigit() and len(value) < 16):
        raise InvalidHeaderError(f'the Content-Length {value!r} is not a number of bytes in plain digits')
    if before is not None and int(value) != before:
        raise InvalidHeaderError(f'two Content-Lengths: {before} and {value}; announce one')
    return int(value)


def too_short(sent, length):
    return ContentLengthMismatchError(f'the body has {sent} bytes, the Content-Length announced {length}')


# --- WSGI ---

MAX_PART = 128 * 1024
MAX_JOINED = 64 * 1024


class WsgiRequest:
    """One request and its response (PEP 3333)."""

    def __init__(self, link, id, flags, payload):
        self.link = link
        self.id = id
        self.payload = payload
        self.state = link.state
        self.channels = link.channels
        self.strings = ()
        self.cancelled = None  # the error, as data
        # The body of the request. The link counts what has arrived, and the app what it has allowed.
        self.chunks = collections.deque()
        self.held = self.arrived = 0
        self.is_whole = not flags & HAS_BODY
        # The response.
        self.head = None
        self.sent = self.credited = 0
        self.is_started = self.is_head_sent = self.is_ended = self.is_done = False

    # Called under the lock of the link.

    def push(self, chunk, flags):
        if chunk:
            self.chunks.append(chunk)
        self.held += len(chunk)
        self.arrived += len(chunk)
        self.is_whole = bool(flags & LAST)

    def take_chunk(self):
        """The next piece of the body; b'' at its end; None: it has not arrived."""
        self.refuse_cancelled()
        chunk = self.chunks.popleft() if self.chunks else None
        self.held -= len(chunk or b'')
        allowed = self.allowed - self.arrived
        if not self.is_whole and self.held < BODY_WINDOW // 2 and allowed <= BODY_WINDOW // 2:
            self.link.post(want_frame(self.id, BODY_WINDOW - allowed))
            self.allowed += BODY_WINDOW - allowed
        return b'' if chunk is None and self.is_whole else chunk

    def has_credit(self):
        self.refuse_cancelled()
        return True if self.sent - self.credited <= self.window else None

    # Called by the thread of the request.

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
        self.is_ended = True
        try:
            if hasattr(body, 'close'):
                body.close()
        except BaseException as error:
            self.link.log('error', 'close() of the body failed', error)
        self.link.open.pop(self.id, None)
        if not self.is_done:
            # Without a last part, or a failure, this frame says that the next request may have begun.
            leave = self.link.send if self.cancelled else self.link.post
            leave(done_frame(self.id, self.took_ms()))

    def fail(self, error):
        if not self.cancelled and not self.is_ended:
            self.link.send(json_frame(FAILURE, error_data(error), self.id))
        elif not is_stop(error):
            self.link.log('error', 'the app failed after its response', error)

    def took_ms(self):
        return (time.perf_counter() - self.began) * 1000

    def refuse_cancelled(self):
        if self.cancelled:
            raise gateway_error(self.cancelled)

    def field(self, name):
        fields = zip(self.strings[11::2], self.strings[12::2])
        return next((value for known, value in fields if known == name), None)

    def environ(self, base):
        self.deadline, self.allowed, self.window, block, extra = request_head(self.payload)
        self.strings = strings = block.decode('latin-1').split('\0')
        self.method, scheme, version, path, raw_path, query, root, client, client_port, server, port = strings[:11]
        names, values = strings[11::2], strings[12::2]
        fields = dict(zip(map(ENVIRON_KEYS.__getitem__, names), values))
        if len(fields) < len(names):
            fields = joined_fields(names, values)
        if 'HTTP_TRANSFER_ENCODING' in fields:
            fields.pop('CONTENT_LENGTH', None)
        if not port:
            server, port = server_of(fields, server, scheme)
        uri = f'{raw_path}?{query}' if query else raw_path
        root = unquoted(root)
        environ = {
            **base,
            'REQUEST_METHOD': self.method,
            'SCRIPT_NAME': root,
            'PATH_INFO': path_info(unquoted(path or raw_path), root),
            'QUERY_STRING': query,
            'RAW_URI': uri,
            'REQUEST_URI': uri,
            'SERVER_PROTOCOL': 'HTTP/' + version,
            'SERVER_NAME': server,
            'SERVER_PORT': port,
            'wsgi.url_scheme': scheme,
            'wsgi.input': self.input(),
            'isthmus.state': self.state.copy(),
            'isthmus.carried': extra.get('carried', {}),
            **fields,
        }
        if self.channels:
            environ['isthmus.channels'] = self.channels
        if client:
            environ['REMOTE_ADDR'], environ['REMOTE_PORT'] = client, client_port
        if 'HTTP_X_REQUEST_ID' in fields:
            environ['isthmus.request_id'] = fields['HTTP_X_REQUEST_ID']
        if 'HTTP_TRACEPARENT' in fields:
            environ['isthmus.traceparent'] = fields['HTTP_TRACEPARENT']
        if self.deadline:
            environ['isthmus.deadline'] = self.deadline
        if extra:
            add_extra(environ, extra.get('environ', {}), extra.get('added', {}))
        return environ

    def input(self):
        if self.is_whole:
            return io.BytesIO(b''.join(self.chunks))
        return io.BufferedReader(WsgiBody(self), BODY_WINDOW)

    def start_response(self, status, headers, exc_info=None):
        if exc_info:
            try:
                if self.is_head_sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self.is_started:
            raise AppError('start_response was called twice; to replace the head, pass exc_info')
        self.is_started = True
        self.head = None
        code, block, self.length = checked_head(status, headers, self.link)
        self.has_content = self.method != 'HEAD' and code not in NO_CONTENT
        self.head = code, block
        return self.write

    def write(self, chunk):
        check_chunk(chunk, 'write() was given')
        if self.is_ended:
            raise AppError('write() was called after the end of the response')
        self.require_head()
        if not chunk or not self.has_content:
            return
        size = self.sent + len(chunk)
        if self.length is not None and size > self.length:
            message = f'write() would make it {size} bytes, the Content-Length announced {self.length}'
            raise ContentLengthMismatchError(message)
        self.send(chunk)

    def respond(self, body):
        """Sends the body. Each chunk leaves at once, but a short list leaves as one."""
        is_list = isinstance(body, (list, tuple))
        over = END if hasattr(body, 'close') else END | OVER
        if is_list:
            size = 0
            for chunk in body:
                size += check_chunk(chunk, 'the app returned a list with')
            self.announce(size)
            body = (b''.join(body),) if size <= MAX_JOINED else body
        elif body is None or isinstance(body, (str, bytes)):
            raise TypeError(f'the app returned {article(body)}; return a list of bytes, or another iterable of bytes')
        for chunk in body:
            if not check_chunk(chunk, 'the app yielded'):
                continue
            self.require_head()
            if not self.has_content:
                break
            room = self.length - self.sent if self.length is not None else len(chunk) + 1
            if len(chunk) > room:
                self.link.log('warn', f'the body is longer than its Content-Length of {self.length} bytes')
            # The end of the announced length ends the response. The app may have work to do after its last chunk.
            if not self.is_ended:
                self.send(chunk[:room], 0 if len(chunk) < room else over if is_list else END)
            if len(chunk) > room:
                break
        if not self.is_ended:
            self.require_head()
            if self.has_content and self.sent < (self.length or 0):
                raise too_short(self.sent, self.length)
            self.send(b'', over)

    def announce(self, size):
        """Announces the length of a list. For one that leaves in one part the gateway counts."""
        self.require_head()
        code, block = self.head
        size += self.sent
        if self.length is not None:
            if size < self.length and self.has_content:
                raise too_short(size, self.length)
            return
        self.length = size
        if not self.is_head_sent and code not in NO_CONTENT and size > (0 if self.method == 'HEAD' else MAX_JOINED):
            self.head = code, block + (b'\0' if block else b'') + b'content-length\0%d' % size

    def require_head(self):
        if self.head is None and self.is_started:
            raise AppError('there is no head to send: the last call of start_response failed')
        if self.head is None:
            raise AppError('start_response was not called before the first chunk, or the end, of the body')

    def send(self, chunk, flags=0):
        """Sends a chunk, a long one in pieces, and waits for credit. `flags` are those of the last piece."""
        if len(chunk) <= MAX_PART and not self.is_head_sent:
            self.send_piece(chunk, flags)
            return
        for at in range(0, len(chunk) or 1, MAX_PART):
            if self.is_head_sent:
                self.link.poll()
                self.refuse_cancelled()
            is_last = at + MAX_PART >= len(chunk)
            self.send_piece(chunk[at : at + MAX_PART], flags if is_last else 0)

    def send_piece(self, chunk, flags):
        head = None if self.is_head_sent else self.head
        self.is_head_sent = True
        self.is_ended = bool(flags & END)
        self.is_done = bool(flags & OVER)
        self.link.turns += self.is_ended
        self.link.send(part_frame(self.id, head, chunk, flags, self.took_ms() if self.is_done else 0.0))
        self.sent += len(chunk)
        if not self.is_ended and self.sent - self.credited > self.window:
            self.link.wait_for(self.has_credit, self.link.busy)


class WsgiBody(io.RawIOBase):
    """The body of a request: a read blocks until bytes have arrived."""

    def __init__(self, request):
        self._request = request
        self._rest = b''

    def readable(self):
        return True

    def readinto(self, buffer):
        rest = self._rest or memoryview(self._pull())
        size = min(len(rest), len(buffer))
        buffer[:size] = rest[:size]
        self._rest = rest[size:]
        return size

    def readall(self):
        chunks, self._rest = [self._rest], b''
        return b''.join(chunks + list(iter(self._pull, b'')))

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


def unquoted(path):
    """A decoded path, whose characters are its bytes."""
    return unquote_to_bytes(path).decode('latin-1') if '%' in path else path


def path_info(path, root):
    if not root or path == '*':
        return path
    rest = path[len(root) :]
    if path.startswith(root) and rest[:1] in ('', '/'):
        return rest
    message = f'the path is not under the root path "{root}"'
    raise GatewayError({'name': 'BadRequestError', 'message': message, 'code': 'ISTHMUS_BAD_REQUEST', 'status': 404})


def server_of(fields, server, scheme):
    """The name and the port of a server without a port. At a unix socket the field Host names them."""
    port = '443' if scheme == 'https' else '80'
    host = fields.get('HTTP_HOST')
    if not server or not host:
        return server or 'localhost', port
    name, named_port = re.fullmatch(r'(.+?)(?::(\d+))?', host, re.DOTALL).groups()
    return name, named_port or port


def joined_fields(names, values):
    """The fields of a request of which some come more than once (RFC 9110, 5.3; RFC 6265, 5.4)."""
    fields = {}
    for name, value in zip(names, values):
        key = ENVIRON_KEYS[name]
        fields[key] = value if key not in fields else fields[key] + ('; ' if name == 'cookie' else ',') + value
    return fields


def add_extra(environ, deployed, added):
    """Adds the values that the deployer, and the middleware of the gateway, have set."""
    if 'isthmus.auth' in added:
        environ['AUTH_TYPE'], environ['REMOTE_USER'] = added['isthmus.auth']['type'], added['isthmus.auth']['user']
    environ.update(deployed)
    for key, value in added.items():
        environ.setdefault(key, value)


def check_chunk(chunk, origin):
    """Returns the length of a chunk."""
    if not isinstance(chunk, bytes):
        raise TypeError(f'{origin} {article(chunk)}; the body of a WSGI app is made of bytes')
    return len(chunk)


def serve_wsgi(app, link, options):
    """Runs requests until the gateway says stop. The main thread is one of the threads of the app."""
    base = {
        'SERVER_SOFTWARE': 'isthmus',
        'wsgi.version': (1, 0),
        'wsgi.errors': sys.stderr,
        'wsgi.multithread': options['threads'] > 1,
        'wsgi.multiprocess': options['multiprocess'],
        'wsgi.run_once': False,
        'wsgi.input_terminated': True,
        'wsgi.file_wrapper': FileWrapper,
    }

    def work():
        for request in iter(link.next_request, False):
            # The values that the app sets in its context end with the request.
            contextvars.copy_context().run(request.run, app, base)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(options['threads'] - 1)]
    for thread in (*threads, threading.Thread(target=link.give_back_late, daemon=True)):
        thread.start()
    work()
    for thread in threads:
        thread.join()
    link.flush()


# --- ASGI ---

SERVER_FIELDS = b'connection content-length keep-alive proxy-connection te trailer transfer-encoding upgrade'.split()


class Signal:
    """Wakes all tasks that wait."""

    __slots__ = ('_loop', '_waiters')

    def __init__(self, loop):
        self._loop = loop
        self._waiters = []

    async def wait(self):
        waiter = self._loop.create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        finally:
            self._waiters.remove(waiter)

    async def until(self, is_true, seconds):
        """Waits until `is_true()`, for some time at most. Returns whether it is."""
        is_late = []
        timer = self._loop.call_later(seconds, lambda: is_late.append(True) or self.wake())
        while not is_true() and not is_late:
            await self.wait()
        timer.cancel()
        return is_true()

    def wake(self):
        for waiter in self._waiters:
            waiter.done() or waiter.set_result(None)


class AsgiLink(Link, asyncio.Protocol):
    """Runs a task for each request, and sends all frames of one turn of the event loop in one write."""

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
        self.channels = channels
        self.extensions = {REQUEST: {}, OPEN: {}}
        self.is_flushing = self.is_paused = self.is_stopping = self.is_over = False
        self.changed = Signal(loop)

    async def run(self, early):
        """Runs exchanges until the gateway says stop. Returns the status of the process."""
        await self.loop.create_unix_connection(lambda: self, sock=self.sock)
        self.lifespan = Lifespan(self)
        self.take_all(early)
        error = await self.lifespan.start()
        self.post(json_frame(LOADED, {'runs': 'sideBySide', 'error': error}))
        while not self.is_stopping and not error:
            await self.changed.wait()
        for exchange in self.open.values():
            exchange.warn()
        if not await self.changed.until(lambda: not self.open, self.grace):
            for exchange in self.open.values():
                exchange.cancelled = exchange.cancelled or SHUTDOWN
                # Also a task in the background, for which no one waits.
                exchange.task.cancel()
            await self.changed.until(lambda: not self.open, min(self.grace, 1))
        await self.lifespan.stop()
        self.is_over = True
        self.flush()
        self.transport.close()
        return 1 if error else 0

    def ended(self, exchange):
        del self.open[exchange.id]
        if not self.open:
            self.changed.wake()
            if self.memory.is_worn():
                self.post(self.memory.frame())

    def post(self, frame):
        self.out.append(frame)
        if not self.is_flushing:
            self.is_flushing = True
            self.loop.call_soon(self.flush)

    def send(self, frame):
        """Sends a frame from any thread."""
        if threading.get_ident() == self.thread:
            self.post(frame)
        else:
            self.loop.call_soon_threadsafe(self.post, frame)

    def publish(self, frame):
        try:
            self.send(frame)
        except RuntimeError:
            # The loop is closed: the host ends.
            pass

    def look_for_accepted(self):
        pass

    def flush(self):
        self.is_flushing = False
        if self.transport:
            self.transport.write(b''.join(self.out))
            self.out.clear()

    def take_all(self, frames):
        for kind, flags, _, id, payload in frames:
            if kind in (REQUEST, OPEN):
                self.begin(kind, flags, id, payload)
            elif kind == STATE:
                self.state = changed_state(self.state, payload)
            elif kind == CHANNELS:
                self.channels = channels_of(json.loads(payload))
            elif kind == ACCEPTED:
                publisher.accepted(U32.unpack(payload)[0])
            elif kind == STOP:
                self.is_stopping = True
                self.changed.wake()
            elif kind == PING:
                self.post(frame(PONG, id))
            elif id in self.open:
                self.open[id].take(kind, flags, payload)

    def begin(self, kind, flags, id, payload):
        if self.is_stopping:
            self.post(frame(GIVE_BACK, id))
            return
        exchange = self.open[id] = (AsgiRequest if kind == REQUEST else AsgiSocket)(self, id, flags, payload)
        if 'extensions' in exchange.extra:
            self.extensions[kind] = extensions_of(exchange.extra['extensions'])
        # Not when the app runs: the next request may be that of another client.
        exchange.extensions = self.extensions[kind]
        exchange.task = self.loop.create_task(exchange.run())

    # Called by the event loop.

    def connection_made(self, transport):
        self.transport = transport
        self.flush()

    def data_received(self, data):
        self.take_all(self.reader.feed(data))

    def pause_writing(self):
        self.is_paused = True

    def resume_writing(self):
        self.is_paused = False
        self.changed.wake()

    def connection_lost(self, exc):
        if not self.is_over:
            end_now()


class AsgiExchange:
    """What a request and a WebSocket have in common: the task of the app, its scope, its end."""

    sent = 0  # bytes, or the weight of messages, without credit
    cancelled = None  # the error, as data
    has_noticed = False  # the app has received the disconnect
    timer = None
    is_begun = is_done = False

    def __init__(self, link, id, flags, payload):
        self.link = link
        self.state = link.state
        self.channels = link.channels
        self.id = id
        self.deadline, self.allowed, self.window, self.block, self.extra = request_head(payload)
        self.began = time.perf_counter()
        self.changed = Signal(link.loop)

    def field(self, name):
        name = name.encode()
        # Most requests have no such field, and a look into the whole block is quick.
        if name not in self.block:
            return None
        fields = self.block.split(b'\0')[11:]
        value = dict(zip(fields[::2], fields[1::2])).get(name)
        return value and value.decode('latin-1')

    def scope(self):
        block, extra = self.block, self.extra
        strings = block.decode('latin-1').split('\0', 11)
        method, scheme, version, path, raw_path, query, root, client, client_port, server, port = strings[:11]
        raw = block.split(b'\0')
        root = text_of_path(root)
        path = text_of_path(path or raw_path)
        scope = {
            'type': 'http',
            'asgi': {'version': '3.0', 'spec_version': '2.5'},
            'http_version': version,
            'method': method,
            'scheme': scheme,
            'path': below(root, path) if root else path,
            'raw_path': raw[4],
            'query_string': raw[5],
            'root_path': root,
            'headers': list(zip(raw[11::2], raw[12::2])),
            'client': (client, int(client_port)) if client else None,
            'server': (server, int(port) if port else None) if server else None,
            'state': {**self.state, **self.link.lifespan.state},
            'extensions': dict(self.extensions),
            'isthmus.carried': extra.get('carried', {}),
        }
        for name, value in ('request_id', self.field('x-request-id')), ('traceparent', self.field('traceparent')):
            if value is not None:
                scope['isthmus.' + name] = value
        if self.deadline is not None:
            scope['isthmus.deadline'] = self.deadline
        if self.channels:
            scope['isthmus.channels'] = self.channels
        return {**extra['added'], **scope} if 'added' in extra else scope

    async def run(self):
        _current.set(self)
        self.is_begun = True
        try:
            if not self.cancelled:
                await self.link.app(self.scope(), self.receive, self.send)
        except BaseException as error:
            self.fail(error)
        self.before_end()
        self.done()
        if self.timer:
            self.timer.cancel()
        self.link.ended(self)

    def fail(self, error):
        if not self.cancelled and not self.is_done:
            self.before_end()
            self.link.post(json_frame(FAILURE, error_data(error), self.id))
        elif not is_stop(error):
            self.link.log('error', 'the app failed after its response', error)

    def done(self):
        if not self.is_done:
            self.is_done = True
            self.link.post(done_frame(self.id, self.took_ms()))

    def took_ms(self):
        return (time.perf_counter() - self.began) * 1000

    def before_end(self):
        pass

    def take(self, kind, flags, payload):
        if kind == CREDIT:
            self.sent -= U32.unpack(payload)[0]
        elif kind == CANCEL:
            self.cancel(json.loads(payload))
        elif kind == WARN:
            self.warn()
        else:
            self.received(kind, flags, payload)
        self.changed.wake()

    def warn(self):
        pass

    def cancel(self, data):
        """The gateway has given the exchange up. The task of an app that still answers ends: soon, or now."""
        self.cancelled = self.cancelled or data
        self.changed.wake()
        if self.is_done or not self.is_begun:
            return
        if not isinstance(gateway_error(data), ClientDisconnected):
            self.task.cancel()
        elif self.link.cancel_after is not None:
            self.timer = self.timer or self.link.loop.call_later(self.link.cancel_after / 1000, self.cancel_late)

    def cancel_late(self):
        # An app that knows that its client has left cleans up as long as it likes.
        if not self.has_noticed:
            self.task.cancel()

    def refuse_cancelled(self):
        if self.cancelled:
            raise gateway_error(self.cancelled)

    async def count(self, weight):
        """Counts what was sent, and waits until the gateway has room again."""
        self.sent += weight
        while self.sent > self.window and not self.cancelled:
            await self.changed.wait()
        while self.link.is_paused:
            await self.link.changed.wait()
        self.refuse_cancelled()

    def post_event(self, type, **event):
        self.link.post(event_frame(self.id, {'type': type, **event}))


WAITING, STARTED = 'waiting for http.response.start', 'started and waiting for its body'
STREAMING, TRAILING, COMPLETE = 'in the middle of its body', 'waiting for http.response.trailers', 'complete'


class AsgiRequest(AsgiExchange):
    """One request (ASGI HTTP & WebSocket 2.5, "HTTP")."""

    # The body of the request.
    held = 0
    is_taken = is_warned = False
    fault = None
    # The response.
    phase = WAITING
    start = None
    is_head_sent = has_trailers = False
    body_bytes = 0

    def __init__(self, link, id, flags, payload):
        super().__init__(link, id, flags, payload)
        self.chunks = []
        self.is_whole = not flags & HAS_BODY

    # The body of the request.

    def received(self, kind, flags, payload):
        self.is_whole = bool(flags & LAST)
        if flags & BROKEN:
            self.fault = json.loads(payload)
            return
        self.allowed -= len(payload)
        self.held += len(payload)
        self.chunks.append(payload)

    def warn(self):
        self.is_warned = True
        self.changed.wake()

    async def receive(self):
        while True:
            event = self.next_event()
            is_open = not self.is_whole and not self.is_done and not self.cancelled
            if is_open and self.held < BODY_WINDOW // 2 and self.allowed <= BODY_WINDOW // 2:
                self.link.post(want_frame(self.id, BODY_WINDOW - self.allowed))
                self.allowed = BODY_WINDOW
            if event:
                return event
            await self.changed.wait()

    def next_event(self):
        reason = self.cancelled and gateway_error(self.cancelled)
        is_over = isinstance(reason, ClientDisconnected) or self.is_done
        if is_over or (self.is_warned and self.is_taken):
            self.has_noticed = True
            return {'type': 'http.disconnect'}
        if reason or self.fault:
            raise reason or gateway_error(self.fault)
        if self.is_taken or not (self.held or self.is_whole):
            return None
        body = b''.join(self.chunks)
        self.chunks, self.held = [], 0
        self.is_taken = self.is_whole
        return {'type': 'http.request', 'body': body, 'more_body': not self.is_whole}

    # The response.

    async def send(self, event):
        self.refuse_cancelled()
        type = event.get('type')
        step = STEPS.get(type)
        if not step:
            raise IllegalEventError(f'{type!r} is not an event of an HTTP response')
        method, phases = step
        if self.phase not in phases:
            raise IllegalEventError(f'{type} is illegal here: the response is {self.phase}')
        size = method(self, event)
        if size is not None:
            await self.count(size)

    def send_start(self, event):
        status, headers = checked_status(event), checked_fields(event)
        self.length = None
        is_stream = False
        for name, value in headers:
            if name == b'content-length':
                self.length = checked_length(value.decode('latin-1'), self.length)
            elif name == b'content-type':
                is_stream = value[:17].lower() == b'text/event-stream'
        self.start = status, headers
        self.has_content = not self.block.startswith(b'HEAD\0') and status not in NO_CONTENT
        self.phase = STARTED
        if event.get('trailers'):
            self.has_trailers = True
            self.post_start()
        elif is_stream:
            # The client waits for the head.
            self.send_part(b'', 0)

    def send_body(self, event):
        """Sends a part of the body, and returns its size if it counts."""
        body = as_bytes(event.get('body', b''), 'the body of http.response.body')
        more = bool(event.get('more_body', False))
        self.check_length(len(body), more)
        self.phase = STREAMING if more else TRAILING if self.has_trailers else COMPLETE
        if self.has_trailers:
            self.post_event(event['type'], body=body, moreBody=more)
        elif self.is_done:
            # The response has no content and is over, and the app still sends.
            if more:
                raise ClientDisconnected(LEFT)
        elif not more or not self.has_content:
            # The length of a whole body is a field of the head, also if the client does not get the body.
            self.is_done = True
            self.send_part(b'' if more else body, END | OVER)
            self.changed.wake()
            return None
        elif body or not self.is_head_sent:
            self.send_part(body, 0)
        return len(body)

    def check_length(self, size, more):
        size += self.body_bytes
        if self.length is not None and self.has_content:
            if size > self.length:
                raise ContentLengthMismatchError(f'the body is longer than its Content-Length of {self.length} bytes')
            if size < self.length and not more:
                self.phase = 'broken off'
                raise too_short(size, self.length)
        self.body_bytes = size

    def send_trailers(self, event):
        more = bool(event.get('more_trailers', False))
        self.post_event(event['type'], headers=texts(checked_fields(event)), moreTrailers=more)
        if not more:
            self.complete()

    def send_hint(self, event):
        links = [as_bytes(link, 'a link of http.response.early_hint') for link in event['links']]
        if BAD_BYTE.search(b''.join(links)):
            raise InvalidHeaderError('a link of http.response.early_hint has a control character')
        links = [link.decode('latin-1') for link in links]
        if links and not self.is_head_sent:
            self.post_event(event['type'], links=links)

    def send_path(self, event):
        path = event.get('path')
        if event['type'] not in self.extensions or self.is_head_sent:
            raise IllegalEventError('http.response.pathsend is not offered in scope["extensions"], or comes too late')
        if not isinstance(path, str) or not os.path.isabs(path):
            raise IllegalEventError('the path of http.response.pathsend must be an absolute path')
        self.post_start()
        self.post_event(event['type'], path=path)
        self.complete()

    def send_part(self, chunk, flags):
        head = None
        if not self.is_head_sent:
            self.is_head_sent = True
            status, headers = self.start
            head = status, b'\0'.join([text for field in headers for text in field])
        self.link.post(part_frame(self.id, head, chunk, flags, self.took_ms() if flags & OVER else 0.0))

    def post_start(self):
        self.is_head_sent = True
        status, headers = self.start
        more = {'trailers': True} if self.has_trailers else {}
        self.post_event('http.response.start', status=status, headers=texts(headers), **more)

    def complete(self):
        self.phase = COMPLETE
        self.done()
        self.changed.wake()

    def before_end(self):
        # The gateway judges an app that ends between its start and its body.
        if self.start and not self.is_head_sent and not self.cancelled:
            self.post_start()


STEPS = {
    'http.response.start': (AsgiRequest.send_start, [WAITING]),
    'http.response.body': (AsgiRequest.send_body, [STARTED, STREAMING]),
    'http.response.trailers': (AsgiRequest.send_trailers, [TRAILING]),
    'http.response.early_hint': (AsgiRequest.send_hint, [WAITING, STARTED, STREAMING, TRAILING]),
    'http.response.pathsend': (AsgiRequest.send_path, [STARTED]),
}


class AsgiSocket(AsgiExchange):
    """One WebSocket (ASGI HTTP & WebSocket 2.5, "WebSocket")."""

    def __init__(self, link, id, flags, payload):
        super().__init__(link, id, flags, payload)
        self.subprotocols = self.extra.get('subprotocols', [])
        self.events = collections.deque([{'type': 'websocket.connect'}])
        self.end = None
        self.taken = 0
        self.phase = 'connecting'

    def scope(self):
        scope = super().scope()
        del scope['method']
        return {**scope, 'type': 'websocket', 'subprotocols': list(self.subprotocols)}

    def received(self, kind, flags, payload):
        if kind == EVENT:
            event = json.loads(payload[4:])
            self.gone(event.get('code', 1005), event.get('reason') or '')
        elif kind == TEXT:
            self.events.append({'type': 'websocket.receive', 'text': payload.decode('utf-8', 'replace')})
        elif kind == BYTES:
            self.events.append({'type': 'websocket.receive', 'bytes': payload})

    def gone(self, code, reason):
        self.end = self.end or {'type': 'websocket.disconnect', 'code': code, 'reason': reason}
        if self.phase != 'closed':
            super().cancel(LEFT)

    def cancel(self, data):
        self.gone(1006, '')
        super().cancel(data)

    async def receive(self):
        while not self.events and not self.end:
            await self.changed.wait()
        if not self.events:
            self.has_noticed = True
            return dict(self.end)
        event = self.events.popleft()
        self.taken += weight_of(event) if len(event) > 1 else 0
        if self.taken >= self.window / 2:
            self.link.post(want_frame(self.id, self.taken))
            self.taken = 0
        return event

    async def send(self, event):
        self.refuse_cancelled()
        type = event.get('type')
        legal = SOCKET_STEPS[self.phase]
        if type not in legal:
            legal = ' or '.join(legal) or 'nothing more'
            raise IllegalEventError(f'{type!r} is illegal while the WebSocket is {self.phase}: send {legal}')
        checked = legal[type](self, event)
        self.post_event(type, **checked)
        if type == 'websocket.send':
            await self.count(weight_of(checked))

    # Each of these returns the event as it is sent, and moves to the next phase.

    def accept(self, event):
        subprotocol, fields = event.get('subprotocol'), checked_fields(event)
        if subprotocol is not None and subprotocol not in self.subprotocols:
            offered = ', '.join(self.subprotocols) or 'none'
            rule = f'one that the client offered ({offered})'
            raise IllegalEventError(f'the subprotocol of websocket.accept must be {rule}, got {subprotocol!r}')
        for name, _ in fields:
            if name in SERVER_FIELDS or name.startswith(b'sec-websocket-'):
                raise InvalidHeaderError(f'only the server sets the header {name.decode()!r} of websocket.accept')
        self.phase = 'open'
        return {'subprotocol': subprotocol, 'headers': texts(fields)}

    def message(self, event):
        text, data = event.get('text'), event.get('bytes')
        if (text is None) == (data is None):
            raise IllegalEventError('websocket.send needs exactly one of text and bytes')
        if text is None:
            return {'bytes': as_bytes(data, 'the bytes of websocket.send')}
        if not isinstance(text, str):
            raise IllegalEventError(f'the text of websocket.send must be a str, got {article(text)}')
        return {'text': text}

    def close(self, event):
        code, reason = event.get('code'), event.get('reason') or ''
        code = 1000 if code is None else code
        if code not in range(1000, 1015) and code not in range(3000, 5000) or code in (1004, 1005, 1006):
            rule = '1000 to 1014 without 1004 to 1006, or 3000 to 4999'
            raise IllegalEventError(f'the code of websocket.close must be {rule}, got {code!r}')
        if not isinstance(reason, str) or len(reason.encode('utf-8', 'replace')) > 123:
            raise IllegalEventError('the reason of websocket.close must be a str of at most 123 bytes in UTF-8')
        self.phase = 'closed'
        return {'code': code, 'reason': reason}

    def deny(self, event):
        denial = {'status': checked_status(event), 'headers': texts(checked_fields(event))}
        self.phase = 'denying'
        return denial

    def deny_body(self, event):
        body = as_bytes(event.get('body', b''), 'the body of websocket.http.response.body')
        more = bool(event.get('more_body', False))
        self.phase = 'denying' if more else 'closed'
        return {'body': body, 'moreBody': more}


SOCKET_STEPS = {
    'connecting': {
        'websocket.accept': AsgiSocket.accept,
        'websocket.close': AsgiSocket.close,
        'websocket.http.response.start': AsgiSocket.deny,
    },
    'open': {'websocket.send': AsgiSocket.message, 'websocket.close': AsgiSocket.close},
    'denying': {'websocket.http.response.body': AsgiSocket.deny_body},
    'closed': {},
}


class Lifespan:
    """The lifespan of the app (ASGI Lifespan 2.0). An app without one is fine."""

    def __init__(self, link):
        self.link = link
        self.state = {}
        self.phase = 'starting'
        self.is_told = False
        self.error = None
        self.changed = Signal(link.loop)

    async def start(self):
        """Waits for the startup. Returns its error as data, or None."""
        self.task = self.link.loop.create_task(self.run())
        while self.phase == 'starting':
            await self.changed.wait()
        return self.error

    async def stop(self):
        """Tells the app, and waits until it has shut down, for some time."""
        if self.phase != 'started':
            return
        self.move('stopping')
        if not await self.changed.until(lambda: self.phase == 'ended', self.link.grace):
            seconds = f'{self.link.grace:g} seconds'
            self.link.log('error', f'the app sent no lifespan.shutdown.complete within {seconds}')

    def move(self, phase):
        self.phase = phase
        self.changed.wake()

    async def run(self):
        scope = {'type': 'lifespan', 'asgi': {'version': '3.0', 'spec_version': '2.0'}, 'state': self.state}
        if channels:
            scope['isthmus.channels'] = channels
        try:
            await self.link.app(scope, self.receive, self.send)
        except BaseException as error:
            # An app that does not know the scope raises before it receives.
            if self.phase == 'starting' and self.is_told:
                self.link.log('warn', 'the app failed before lifespan.startup.complete: no lifespan', error)
            elif self.phase in ('started', 'stopping') and not is_stop(error):
                self.link.log('error', 'the app failed in its lifespan', error)
        self.move('ended')

    async def receive(self):
        if not self.is_told:
            self.is_told = True
            return {'type': 'lifespan.startup'}
        while self.phase != 'stopping':
            await self.changed.wait()
        return {'type': 'lifespan.shutdown'}

    async def send(self, event):
        type, message = event.get('type'), event.get('message', '')
        if type == 'lifespan.startup.complete' and self.phase == 'starting':
            self.move('started')
        elif type == 'lifespan.startup.failed' and self.phase == 'starting':
            self.error = error_data(LifespanError(message or 'the app failed to start'))
            self.move('ended')
        elif type == 'lifespan.shutdown.complete' and self.phase == 'stopping':
            self.move('ended')
        elif type == 'lifespan.shutdown.failed' and self.phase == 'stopping':
            self.link.log('error', f'the app failed to shut down: {message}')
            self.move('ended')
        else:
            raise IllegalEventError(f'{type!r} is illegal while the lifespan is {self.phase}')


def checked_status(event):
    status = event.get('status')
    if not isinstance(status, int) or not 200 <= status <= 999:
        raise IllegalEventError(f'the status of {event["type"]} must be an int from 200 to 999, got {status!r}')
    return int(status)


def checked_fields(event):
    """The headers of an event as pairs of bytes, with names in lower case."""
    fields = []
    for name, value in event.get('headers') or ():
        lower = BYTE_NAMES[name if isinstance(name, bytes) else as_bytes(name, 'the name of a header')]
        if not isinstance(value, bytes):
            value = as_bytes(value, f'the value of the header {lower.decode()!r}')
        fields.append((lower, value))
    if BAD_BYTE.search(b''.join([value for _, value in fields])):
        name = next(name for name, value in fields if BAD_BYTE.search(value))
        raise InvalidHeaderError(f'the value of the header {name.decode()!r} has a control character')
    return fields


def text_of_path(path):
    return unquote_to_bytes(path).decode('utf-8', 'replace') if '%' in path else path


def below(root, path):
    """The path of the scope. Versions of Starlette and Channels from before 2024 look for it without the root path."""
    return path[len(root) :] or '/' if looks_below_root() and path.startswith(root) else path


@functools.lru_cache(maxsize=None)
def looks_below_root():
    for name, changed in ('starlette', (0, 35)), ('channels', (4, 1)):
        version = getattr(sys.modules.get(name), '__version__', None)
        if version and tuple(map(int, re.findall(r'\d+', version)[:2])) < changed:
            return True
    return False


def texts(fields):
    return [[name.decode('latin-1'), value.decode('latin-1')] for name, value in fields]


def as_bytes(value, name):
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise IllegalEventError(f'{name} must be bytes, got {article(value)}')
    return bytes(value)


def weight_of(message):
    """The length of a message, of text in UTF-16 code units, plus 64."""
    text = message.get('text')
    if text is None:
        return len(message['bytes']) + 64
    return 64 + (len(text) if text.isascii() else len(text.encode('utf-16-le', 'surrogatepass')) // 2)


def extensions_of(data):
    """scope["extensions"]. Only the keys of `tls` have other names in JavaScript."""
    extensions = dict(data or {})
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


def serve_asgi(link, loop, early):
    try:
        return loop.run_until_complete(link.run(early))
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks and loop.run_until_complete(asyncio.wait(tasks, timeout=link.grace))[1]:
            # A thread of the app runs on, and Python would wait for it.
            end_now()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


# --- loading ---


def load_app(spec):
    """Imports the app that `spec` names."""
    module_name, _, attribute = spec.partition(':')
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:
        raise AppLoadError(import_message(module_name, error)) from error
    names = [attribute] if attribute else [name for name in ('application', 'app') if hasattr(module, name)]
    if not names:
        raise AppLoadError(f'the module {module_name} has neither "application" nor "app"{hint(module)}')
    spec = f'{module_name}:{names[0]}'
    app = found(module, names[0], spec)
    if not callable(app):
        raise AppLoadError(f'{spec} is {article(app)}, which is not callable')
    return app


def import_message(module_name, error):
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return f'the module {module_name} cannot be imported: {type(error).__name__}: {text_of(error)}'
    if f'{module_name}.'.startswith(f'{error.name}.'):
        return f'there is no module {error.name!r} in {os.getcwd()} or in the path of Python'
    return f'the module {module_name} imports {error.name!r}, which is not there'


def found(module, attribute, spec):
    """The value of an attribute, or the result of its call."""
    is_factory = attribute.endswith('()')
    value = module
    for name in (attribute[:-2] if is_factory else attribute).split('.'):
        if not hasattr(value, name):
            owner = f'the module {module.__name__}' if value is module else article(value)
            raise AppLoadError(f'{spec}: {owner} has no attribute {name!r}{hint(module)}')
        value = getattr(value, name)
    if not is_factory:
        return value
    try:
        return value()
    except BaseException as error:
        raise AppLoadError(f'{spec} has failed: {type(error).__name__}: {text_of(error)}') from error


def hint(module):
    """Names the values of a module that look like apps."""
    names = [name for name, value in vars(module).items() if name[0] != '_' and looks_like_app(value, module)]
    return f'; these look like apps: {", ".join(names)}' if names else ''


def looks_like_app(value, module):
    if not callable(value) or inspect.isclass(value):
        return False
    if inspect.isroutine(value) and getattr(value, '__module__', None) != module.__name__:
        return False
    return is_coroutine_callable(value) or required_parameters(value) in (2, 3)


def interface_of(app, spec, wanted):
    """Returns "wsgi" or "asgi": `wanted`, or the interface that the app seems to have."""
    count = 3 if is_coroutine_callable(app) else required_parameters(app)
    if wanted != 'wsgi' and count == 1:
        remedy = 'wrap it: asgiref.compatibility.guarantee_single_callable(app)'
        raise AppLoadError(f'{spec} takes one argument, as an app of ASGI 2 does; {remedy}')
    return wanted if wanted != 'auto' else 'asgi' if count == 3 else 'wsgi'


def is_coroutine_callable(app):
    while isinstance(app, functools.partial):
        app = app.func
    if inspect.isclass(app):
        return hasattr(app, '__await__')
    call = app if inspect.isroutine(app) else getattr(app, '__call__', None)
    return inspect.iscoroutinefunction(call)


def required_parameters(app):
    try:
        parameters = inspect.signature(app).parameters.values()
    except (TypeError, ValueError):
        return 2
    kinds = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    return sum(parameter.kind in kinds and parameter.default is parameter.empty for parameter in parameters)


# --- main ---


def main():
    sock = socket.socket(fileno=3)
    sock.setblocking(True)
    sock.set_inheritable(False)
    end_with_gateway(sock)
    open_dump()
    for number in (signal.SIGINT, signal.SIGTERM):
        # The process group gets them, and the gateway decides. SIG_IGN would pass on to the children of the app.
        signal.signal(number, lambda *_: None)

    link = Link(sock, FrameReader())
    host = f'{platform.python_implementation()} {platform.python_version()}'
    link.send(json_frame(HOST_HELLO, {'protocol': PROTOCOL, 'host': host}))
    options, early = read_hello(link)
    global channels
    channels = channels_of(options.get('channels'))
    handler = GatewayHandler(link)
    leave_at_fork(sock, logging.lastResort)
    logging.lastResort = handler
    sys.modules['isthmus'] = sys.modules[__name__]
    sys.path[0:1] = [os.getcwd()]
    # Before the app is loaded: on Python 3.9 a lock belongs to the loop that is current when the app makes it.
    loop = None if options['interface'] == 'wsgi' else new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        app = load_app(options['app'])
        interface = interface_of(app, options['app'], options['interface'])
    except AppLoadError as error:
        data = {**error_data(error, 0), 'stack': stack_of(error.__cause__ or error)}
        link.send(json_frame(LOADED, {'runs': 'inTurn', 'error': data}))
        return 1
    if interface == 'asgi':
        handler.link = AsgiLink(sock, link.reader, app, options, loop)
        publisher.start(handler.link)
        return serve_asgi(handler.link, loop, early)
    if loop:
        loop.close()
        asyncio.set_event_loop(None)
    handler.link = WsgiLink(sock, link.reader, options['threads'], options.get('maxMemoryBytes'))
    handler.link.send(json_frame(LOADED, {'runs': 'inTurn', 'error': None}))
    publisher.start(handler.link)
    with handler.link.lock:
        handler.link.take_all(early)
    serve_wsgi(app, handler.link, options)
    return 0


def read_hello(link):
    """The options of the gateway, and the frames that came with them."""
    frames = []
    while not frames:
        frames = link.reader.feed(link.sock.recv(READ_SIZE))
    options = json.loads(frames[0][4]) if frames[0][0] == HELLO else {}
    if options.get('protocol') != PROTOCOL:
        end_now(f'the gateway does not speak version {PROTOCOL} of the protocol')
    return options, frames[1:]


def end_with_gateway(sock):
    """No host outlives its gateway, whatever its app does."""

    def wait():
        poll = select.poll()
        poll.register(sock.fileno(), 0)
        poll.poll()
        end_now()

    threading.Thread(target=wait, daemon=True).start()
    if sys.platform == 'linux':
        # Code in C may keep the threads of Python from running.
        PR_SET_PDEATHSIG = 1
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def leave_at_fork(sock, last_resort):
    """A child of the host does not speak in its place."""

    def leave():
        sock.close()
        publisher.leave()
        logging.lastResort = last_resort

    os.register_at_fork(after_in_child=leave)


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
