"""A gateway for the tests: it starts the host as a process, and speaks the byte encoding of docs/host-protocol.md."""

import fcntl
import importlib.util
import json
import os
import pathlib
import select
import signal
import socket
import struct
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
HOST = ROOT / 'src/hosting/python/isthmus_host.py'
# Long, because the machine may be busy. No test waits for it to pass.
DEADLINE = 30

HEADER = struct.Struct('>IBBHQ')
(HELLO, REQUEST, OPEN, BODY, CREDIT, CANCEL, WARN, STATE, STOP, TEXT, BYTES, EVENT, PING) = range(1, 14)
CHANNELS, ACCEPTED = range(14, 16)
NAMES = dict(
    enumerate(
        'hello loaded want part failure done log text bytes event watch worn giveBack pong publish'.split(),
        start=65,
    )
)
LEFT = {
    'name': 'ClientDisconnectedError',
    'message': 'the client disconnected',
    'stack': 'ClientDisconnectedError: the client disconnected',
    'code': 'ECONNRESET',
}
SHUTDOWN = {
    'name': 'ServerShutdownError',
    'message': 'the server is shutting down',
    'stack': 'ServerShutdownError: the server is shutting down',
    'code': 'ISTHMUS_SERVER_SHUTDOWN',
}


def host_module():
    """The host as a module, without a run of its main()."""
    spec = importlib.util.spec_from_file_location('isthmus_host', HOST)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def decoded(kind, flags, number, id, payload):
    """A frame to the gateway as a dict with `type`, `id` and its content."""
    name = NAMES[kind]
    message = {'type': name, 'id': id}
    if name in ('hello', 'loaded', 'log', 'worn'):
        return {**message, **json.loads(payload)}
    if name == 'failure':
        return {**message, 'error': json.loads(payload)}
    if name == 'want':
        return {**message, 'bytes': struct.unpack('>I', payload)[0]}
    if name == 'done':
        return {**message, 'tookMs': struct.unpack('>f', payload)[0]}
    if name == 'part':
        took, size = struct.unpack_from('>fI', payload)
        strings = payload[8 : 8 + size].decode('latin-1').split('\0') if size else []
        return {
            **message,
            'status': number if flags & 1 else None,
            'headers': list(zip(strings[::2], strings[1::2])),
            'chunk': payload[8 + size :],
            'end': bool(flags & 2),
            'over': bool(flags & 4),
            'tookMs': took,
        }
    if name == 'event':
        (size,) = struct.unpack_from('>I', payload)
        event = json.loads(payload[4 : 4 + size])
        return {**message, 'event': {**event, 'body': payload[4 + size :]} if size + 4 < len(payload) else event}
    if name == 'text':
        return {**message, 'text': payload.decode()}
    if name == 'bytes':
        return {**message, 'bytes': payload}
    if name == 'publish':
        lost, size = struct.unpack_from('>IH', payload)
        group, content = payload[6 : 6 + size].decode(), payload[6 + size :]
        return {**message, 'channels': number, 'group': group, 'payload': content, 'bytes': bool(flags), 'lost': lost}
    return message


class Answer:
    """The messages of a request, put together."""

    def __init__(self):
        self.status = None
        self.headers = []
        self.parts = []
        self.ends = 0
        self.error = None
        self.took_ms = None
        self.events = []
        self.logs = []

    @property
    def body(self):
        return b''.join(self.parts)

    def header(self, name):
        return dict(self.headers).get(name)

    def json(self):
        return json.loads(self.body)

    def take(self, message):
        """Takes a message. True: it was the last one."""
        if message['type'] == 'part':
            if message['status'] is not None:
                self.status, self.headers = message['status'], message['headers']
            if message['chunk']:
                self.parts.append(message['chunk'])
            self.ends += message['end']
            self.took_ms = message['tookMs'] if message['over'] else None
            return message['over']
        if message['type'] == 'failure':
            self.error = message['error']
        elif message['type'] == 'event':
            self.events.append(message['event'])
        elif message['type'] == 'done':
            self.took_ms = message['tookMs']
            return True
        elif message['type'] == 'log':
            self.logs.append(message)
        return False


class Gateway:
    """Starts a host for `app`. Use it with `with`: at the end it closes the socket, and the host has to end."""

    def __init__(self, app, interface='auto', loads=True, cwd=HERE / 'apps', **options):
        self.sock, theirs = socket.socketpair()
        self.sock.settimeout(DEADLINE)
        dump, dump_end = os.pipe()
        self.dump = dump
        self.stderr = tempfile.TemporaryFile()
        # High numbers: an action of the start must not overwrite the source of the next one.
        ends = theirs.fileno(), dump_end, self.stderr.fileno()
        sources = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in ends]
        actions = [(os.POSIX_SPAWN_DUP2, source, fd) for source, fd in zip(sources, (3, 4, 2))]
        before = os.getcwd()
        os.chdir(cwd)
        try:
            args = [sys.executable, '-u', str(HOST), app]
            self.pid = os.posix_spawn(sys.executable, args, os.environ, file_actions=actions, setpgroup=0)
        finally:
            os.chdir(before)
        for fd in (*sources, dump_end):
            os.close(fd)
        theirs.close()
        self.status = None
        # A host that is slow for a moment may give any request back.
        self.sends_again = True
        self._sent = {}
        self._rest = b''
        self._messages = []
        hello = {
            'protocol': 1,
            'app': app,
            'interface': interface,
            'threads': 1,
            'multiprocess': False,
            'maxMemoryBytes': None,
            'cancelAfterMs': None,
            'shutdownMs': 5000,
            **options,
        }
        try:
            self.frame(HELLO, payload=json.dumps(hello).encode())
            self.hello = self.next('hello')
            self.loaded = self.next('loaded')
        except OSError as error:
            self.__exit__()
            raise AssertionError(f'the host has ended with {self.status}') from error
        if loads and self.loaded['error']:
            raise AssertionError(self.loaded['error']['stack'])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()
        if self.status is None:
            try:
                self.wait()
            finally:
                if self.status is None:
                    os.kill(self.pid, signal.SIGKILL)
                    self.wait()
        os.close(self.dump)
        self.stderr.close()

    # To the host.

    def frame(self, kind, id=0, payload=b'', flags=0, number=0):
        data = HEADER.pack(len(payload), kind, flags, number, id) + payload
        if kind in (REQUEST, BODY):
            self._sent[id] = self._sent.get(id, b'') + data
        self.sock.sendall(data)

    def request(self, id, path='/', method='GET', headers=(), kind=REQUEST, body=None, **fields):
        """`body`: bytes are sent whole; True: the test sends them."""
        scheme = fields.get('scheme', 'http' if kind == REQUEST else 'ws')
        client = fields.get('client', ('127.0.0.1', '49152'))
        server = fields.get('server', ('127.0.0.1', '8000'))
        line = ['' if kind == OPEN else method, scheme, fields.get('version', '1.1'), fields.get('decoded', ''), path]
        strings = [*line, fields.get('query', ''), fields.get('root', ''), *client, *server]
        strings += [text for header in headers for text in header]
        block = '\0'.join(strings).encode('latin-1')
        window = fields.get('window', 262144)
        numbers = fields.get('deadline', 0), fields.get('body_window', 65536 if kind == REQUEST else window), window
        extra = fields.get('extra')
        rest = json.dumps(extra).encode() if extra else b''
        payload = struct.pack('>dIII', *numbers, len(block)) + block + rest
        self.frame(kind, id, payload, flags=int(body is not None), number=len(strings))
        if isinstance(body, bytes):
            self.body(id, body, last=True)

    def body(self, id, chunk, last=False):
        self.frame(BODY, id, chunk, flags=int(last))

    def credit(self, id, size):
        self.frame(CREDIT, id, struct.pack('>I', size))

    def cancel(self, id, error=LEFT):
        self.frame(CANCEL, id, json.dumps(error).encode())

    def event(self, id, event):
        text = json.dumps(event).encode()
        self.frame(EVENT, id, struct.pack('>I', len(text)) + text)

    def state(self, unset=(), **set):
        self.frame(STATE, payload=json.dumps({'set': set, 'unset': list(unset)}).encode())

    # From the host.

    def next(self, *types, id=None):
        """The next message of one of the types, and of the id. Others before it are dropped."""
        while True:
            message = self._next()
            if (not types or message['type'] in types) and id in (None, message['id']):
                return message

    def answer(self, id):
        """The answer to a request, when the request is over. Other messages are dropped."""
        answer = Answer()
        while True:
            message = self._next()
            if message['id'] in (0, id) and answer.take(message):
                return answer

    def get(self, id, path='/', **fields):
        self.request(id, path, **fields)
        return self.answer(id)

    def is_silent(self, seconds=0.1):
        """Whether no message waits. A slow host passes too."""
        return not self._messages and not select.select([self.sock], [], [], seconds)[0]

    def _next(self):
        while not self._messages:
            data = self.sock.recv(1 << 18)
            if not data:
                raise AssertionError(f'the host has ended: {self.errors()}')
            self._rest += data
            while len(self._rest) >= 16:
                size, kind, flags, number, id = HEADER.unpack_from(self._rest)
                if len(self._rest) < 16 + size:
                    break
                payload, self._rest = self._rest[16 : 16 + size], self._rest[16 + size :]
                if NAMES[kind] == 'giveBack' and self.sends_again:
                    self.sock.sendall(self._sent[id])
                else:
                    self._messages.append(decoded(kind, flags, number, id, payload))
        return self._messages.pop(0)

    # The process.

    def stop(self):
        """Tells the host to stop. Returns the status of the process."""
        self.frame(STOP)
        return self.wait()

    def wait(self):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
                return self.status
            time.sleep(0.005)
        raise AssertionError(f'the host has not ended: {self.errors()}')

    def errors(self):
        self.stderr.seek(0)
        return self.stderr.read().decode()
