"""The host as a process: its frames, the loading of apps, and its end."""

import base64
import json
import os
import signal
import sys
import tempfile
import time
import unittest
from urllib.parse import unquote

from gateway import DEADLINE, HERE, Gateway, host_module

host = host_module()
FRAMES = json.loads((HERE.parent / 'protocol/frames.json').read_text())


def to_host(vector):
    """The message of the vector as the host decodes it, without what does not cross."""
    (frame,) = host.FrameReader().feed(bytes.fromhex(vector['hex']))
    kind, flags, number, id, payload = frame
    types = 'hello request open body credit cancel warn state stop event event event ping channels link'.split()
    message = {'type': types[kind - 1], **({'id': id} if id else {})}
    if kind in (host.REQUEST, host.OPEN):
        deadline, *windows, block, extra = host.request_head(payload)
        head = {'deadline': deadline, 'windows': tuple(windows), 'extra': extra}
        return {**message, **head, 'flags': flags, 'strings': block.decode('latin-1').split('\0'), 'number': number}
    if kind == host.BODY and flags & host.BROKEN:
        return {**message, 'chunk': b'', 'last': True, 'error': json.loads(payload)}
    if kind == host.BODY:
        return {**message, 'chunk': payload, 'last': bool(flags & host.LAST)}
    if kind == host.CREDIT:
        return {**message, 'bytes': host.U32.unpack(payload)[0]}
    if kind in (host.CANCEL, host.WARN):
        return {**message, 'error': json.loads(payload)}
    if kind == host.CHANNELS:
        return {**message, 'channels': json.loads(payload)}
    if kind == host.ACCEPTED:
        return {**message, 'channels': number, 'message': {'type': 'accepted', 'count': host.U32.unpack(payload)[0]}}
    if kind == host.TEXT:
        return {**message, 'event': {'type': 'websocket.receive', 'text': payload.decode()}}
    if kind == host.BYTES:
        return {**message, 'event': {'type': 'websocket.receive', 'bytes': payload}}
    if kind == host.EVENT:
        return {**message, 'event': json.loads(payload[4:])}
    return {**message, **json.loads(payload or b'{}')}


def to_gateway(message):
    """The frame of a message, by the functions of the host."""
    if isinstance(message, list):
        part, done = message
        return part_frame(part, host.OVER, done['tookMs'])
    kind, id = message['type'], message.get('id', 0)
    rest = {key: value for key, value in message.items() if key not in ('type', 'id')}
    if kind == 'part':
        return part_frame(message, 0, 0.0)
    if kind == 'event':
        return host.event_frame(id, message['event'])
    if kind == 'done':
        return host.done_frame(id, message['tookMs'])
    if kind == 'want':
        return host.frame(host.WANT, id, host.U32.pack(message['bytes']))
    if kind == 'failure':
        return host.json_frame(host.FAILURE, message['error'], id)
    if kind in ('watch', 'giveBack', 'pong'):
        return host.frame({'watch': 75, 'giveBack': host.GIVE_BACK, 'pong': host.PONG}[kind], id)
    if kind == 'link':
        publish = message['message']
        is_bytes = isinstance(publish['payload'], bytes)
        payload = publish['payload'] if is_bytes else publish['payload'].encode()
        flags = host.IS_BYTES if is_bytes else 0
        return host.publish_frame(message['channels'], publish['group'].encode(), payload, flags, publish['lost'])
    return host.json_frame({'hello': 65, 'loaded': host.LOADED, 'log': host.LOG, 'worn': host.WORN}[kind], rest)


def part_frame(part, flags, took_ms):
    head = part['head'] and (part['head']['status'], '\0'.join(sum(part['head']['headers'], [])).encode('latin-1'))
    return host.part_frame(part['id'], head, part['chunk'] or b'', flags | (host.END if part['end'] else 0), took_ms)


def with_bytes(value):
    if isinstance(value, list):
        return [with_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ['base64']:
        return base64.b64decode(value['base64'])
    return {key: with_bytes(item) for key, item in value.items()}


class FramesTest(unittest.TestCase):
    def test_messages_to_the_host(self):
        for vector in FRAMES:
            if vector['direction'] == 'toGateway':
                continue
            with self.subTest(vector['name']):
                message, got = with_bytes(vector['message']), to_host(vector)
                if message['type'] in ('request', 'open'):
                    self.check_request(message, got)
                else:
                    self.assertEqual(got, message)

    def check_request(self, message, got):
        scope, extra = message['scope'], got['extra']
        method, scheme, version, path, raw_path, query, root, *ends = got['strings'][:11]
        self.assertEqual(got['number'], len(got['strings']))
        self.assertEqual((got['type'], got['id']), (message['type'], message['id']))
        self.assertEqual(got['flags'] & host.HAS_BODY, int(message.get('hasBody', False)))
        self.assertEqual((method, scheme, version), (scope.get('method', ''), scope['scheme'], scope['httpVersion']))
        self.assertEqual((raw_path, query), (scope['rawPath'], scope['queryString']))
        self.assertEqual((unquote(path or raw_path), unquote(root)), (scope['path'], scope['rootPath']))
        expected = [str(part or '') for part in (scope['client'] or ['', '']) + (scope['server'] or ['', ''])]
        self.assertEqual(ends, expected)
        fields = zip(got['strings'][11::2], got['strings'][12::2])
        self.assertEqual([list(field) for field in fields], scope['headers'])
        windows = message.get('messageWindow'), message.get('messageWindow')
        windows = (message['bodyWindow'], message['responseWindow']) if 'bodyWindow' in message else windows
        self.assertEqual(got['windows'], windows)
        deadline = message['context']['request'].get('deadline')
        self.assertEqual(got['deadline'], deadline and deadline / 1000)
        for key in ('environ', 'extensions'):
            self.assertEqual(extra.get(key), message[key])
        self.assertEqual(extra.get('added'), scope['added'])
        self.assertEqual(extra.get('carried', {}), message['context']['carried'])
        self.assertEqual(extra.get('subprotocols', []), scope.get('subprotocols', []))

    def test_messages_to_the_gateway(self):
        for vector in FRAMES:
            if vector['direction'] == 'toGateway':
                with self.subTest(vector['name']):
                    self.assertEqual(to_gateway(with_bytes(vector['message'])).hex(), vector['hex'])

    def test_frames_in_pieces(self):
        vectors = [vector for vector in FRAMES if vector['direction'] == 'toHost']
        stream = b''.join(bytes.fromhex(vector['hex']) for vector in vectors)
        whole = host.FrameReader().feed(stream)
        self.assertEqual(len(whole), len(vectors))
        for size in (1, 7, 16, 100):
            reader = host.FrameReader()
            pieces = [reader.feed(stream[at : at + size]) for at in range(0, len(stream), size)]
            self.assertEqual(sum(pieces, []), whole)

    def test_text_that_utf_8_cannot_write(self):
        self.assertEqual(json.loads(host.json_bytes({'a': '\udc80\u20ac'})), {'a': '\udc80\u20ac'})


class LoadTest(unittest.TestCase):
    def error(self, app, interface='auto'):
        with Gateway(app, interface, loads=False) as gateway:
            error = gateway.loaded['error']
            self.assertIsNotNone(error, app)
            self.assertEqual((error['name'], error['code']), ('AppLoadError', 'ISTHMUS_APP_LOAD'))
            self.assertNotIn('isthmus_host.py', error['stack'])
            self.assertEqual(gateway.wait(), 1)
            return error

    def test_modules_that_cannot_be_imported(self):
        self.assertIn("there is no module 'nowhere' in", self.error('nowhere:app')['message'])
        self.assertIn("there is no module 'broken.nowhere' in", self.error('broken.nowhere:app')['message'])
        self.assertIn("imports 'redis_that_is_not_there'", self.error('broken.needs:app')['message'])
        fails = self.error('broken.fails:app')
        self.assertIn("KeyError: 'SECRET'", fails['message'])
        self.assertRegex(fails['stack'], r'^Traceback.*\n  File ".*broken/fails.py", line 4')
        self.assertIn('SystemExit: no settings', self.error('broken.exits')['message'])

    def test_attributes_that_are_not_there(self):
        message = self.error('kinds:aplication')['message']
        self.assertIn("the module kinds has no attribute 'aplication'; these look like apps: ", message)
        for name in ('wsgi', 'asgi', 'site', 'async_site', 'partial_asgi'):
            self.assertRegex(message, rf'\b{name}\b')
        for name in ('number', 'functools', 'make_app'):
            self.assertNotRegex(message, rf'\b{name}\b')
        self.assertIn("a Site has no attribute 'nothing'", self.error('kinds:site.nothing')['message'])
        self.assertIn('neither "application" nor "app"', self.error('broken.empty')['message'])

    def test_values_that_are_not_apps(self):
        self.assertIn('kinds:number is an int, which is not callable', self.error('kinds:number')['message'])
        self.assertIn('kinds:make_number() is an int', self.error('kinds:make_number()')['message'])
        self.assertIn('has failed: TypeError', self.error('kinds:number()')['message'])
        self.assertIn('ValueError: no settings', self.error('kinds:make_failure()')['message'])

    def test_apps_of_asgi_2(self):
        for app in ('kinds:Asgi2', 'kinds:asgi_2'):
            for interface in ('auto', 'asgi'):
                message = self.error(app, interface)['message']
                self.assertIn('asgiref.compatibility.guarantee_single_callable', message)

    def test_interface_of_an_app(self):
        sys.path.insert(0, str(HERE / 'apps'))
        self.addCleanup(sys.path.remove, str(HERE / 'apps'))
        wsgi = 'wsgi wrapped_wsgi any_arguments site site.method WsgiClass partial_wsgi make_app()'
        asgi = 'asgi returns_coroutine wrapped_asgi site.async_method async_site AsgiClass'
        asgi += ' partial_asgi partial_method make_async_app()'
        for expected, names in (('wsgi', wsgi), ('asgi', asgi)):
            for name in names.split():
                with self.subTest(name):
                    app = host.load_app(f'kinds:{name}')
                    self.assertEqual(host.interface_of(app, name, 'auto'), expected)

    def test_apps_of_both_interfaces_run(self):
        apps = {'kinds': b'asgi', 'kinds:site.method': b'wsgi', 'kinds:WsgiClass': b'wsgi', 'kinds:AsgiClass': b'asgi'}
        for app, body in apps.items():
            with Gateway(app) as gateway:
                self.assertEqual(gateway.get(1).body, body)

    def test_interface_that_the_gateway_gives(self):
        with Gateway('kinds:any_arguments', 'wsgi') as gateway:
            self.assertEqual(gateway.loaded['runs'], 'inTurn')
        with Gateway('kinds:any_arguments', 'asgi') as gateway:
            self.assertEqual(gateway.loaded['runs'], 'sideBySide')


class ProcessTest(unittest.TestCase):
    def test_gateway_that_ends_ends_the_host_while_its_app_runs(self):
        for app, interface in (('wsgi:application', 'wsgi'), ('asgi:app', 'asgi')):
            with tempfile.TemporaryDirectory() as folder, Gateway(app, interface) as gateway:
                path = '/computes' if interface == 'wsgi' else '/blocks'
                gateway.request(1, path, query=os.path.join(folder, 'never'))
                gateway.next('part')
                gateway.sock.close()
                self.assertEqual(gateway.wait(), 1)

    def test_signals_of_the_process_group_do_not_end_the_host(self):
        for app in ('wsgi:application', 'asgi:app'):
            with Gateway(app) as gateway:
                for number in (signal.SIGINT, signal.SIGTERM):
                    os.kill(gateway.pid, number)
                name = '/echo' if app.startswith('wsgi') else '/marks'
                self.assertEqual(gateway.get(1, name).status, 200)
                self.assertEqual(gateway.stop(), 0)

    def test_dump_of_the_stacks(self):
        with tempfile.TemporaryDirectory() as folder, Gateway('wsgi', threads=2) as gateway:
            path = os.path.join(folder, 'go')
            gateway.request(1, '/computes', query=path)
            gateway.next('part')
            os.kill(gateway.pid, signal.SIGUSR2)
            text, end = b'', time.monotonic() + DEADLINE
            while b'in computes' not in text and time.monotonic() < end:
                text += os.read(gateway.dump, 65536)
            self.assertIn(b'in computes', text)
            open(path, 'w').close()
            self.assertEqual(gateway.answer(1).body, b'computed')

    def test_other_version_of_the_protocol(self):
        with self.assertRaises(AssertionError):
            Gateway('wsgi', protocol=2)

    def test_frame_of_an_unknown_kind(self):
        with Gateway('wsgi') as gateway:
            gateway.frame(99)
            self.assertEqual(gateway.wait(), 1)
            self.assertIn('unknown kind 99', gateway.errors())

    def test_children_have_neither_the_descriptors_nor_ignored_signals(self):
        with Gateway('children') as gateway:
            answer = gateway.get(1).json()
            self.assertEqual(answer['descriptors'], [])
            self.assertEqual(answer['ignored'], [])
            self.assertEqual(answer['forked'], 'closed')


if __name__ == '__main__':
    unittest.main()
