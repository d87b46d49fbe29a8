"""The host with ASGI apps."""

import json
import os
import tempfile
import unittest

from gateway import BYTES, LEFT, OPEN, PING, SHUTDOWN, STOP, TEXT, WARN, Gateway


class AsgiCase(unittest.TestCase):
    """One host for all tests of a class."""

    options = {}

    @classmethod
    def setUpClass(cls):
        cls.host = Gateway('asgi', **cls.options)
        cls.last = 0

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__()

    @classmethod
    def next_id(cls):
        cls.last += 1
        return cls.last

    def get(self, path, **fields):
        return self.host.get(self.next_id(), path, **fields)

    def begin(self, path, **fields):
        id = self.next_id()
        self.host.request(id, path, **fields)
        return id

    def seen(self):
        return self.get('/seen_so_far').json()


class HttpTest(AsgiCase):
    def test_says_how_it_runs(self):
        self.assertEqual(self.host.loaded, {'type': 'loaded', 'id': 0, 'runs': 'sideBySide', 'error': None})

    # The scope.

    def test_scope(self):
        headers = [('host', 'desk:8000'), ('x-name', 'caf\xe9')]
        scope = self.get('/scope_of/%E2%82%AC%FF', query='seat=12', headers=headers, method='POST', body=b'').json()
        expected = {
            'type': 'http',
            'asgi': {'version': '3.0', 'spec_version': '2.5'},
            'http_version': '1.1',
            'method': 'POST',
            'scheme': 'http',
            'path': '/scope_of/\u20ac\ufffd',
            'raw_path': repr(b'/scope_of/%E2%82%AC%FF'),
            'query_string': repr(b'seat=12'),
            'root_path': '',
            'headers': [[repr(b'host'), repr(b'desk:8000')], [repr(b'x-name'), repr(b'caf\xe9')]],
            'client': ['127.0.0.1', 49152],
            'server': ['127.0.0.1', 8000],
            'isthmus.carried': {},
        }
        for key, value in expected.items():
            with self.subTest(key):
                self.assertEqual(scope[key], value)
        self.assertEqual(scope['state']['theatre'], 'Globe')
        self.assertNotIn('subprotocols', scope)
        self.assertNotIn('isthmus.request_id', scope)

    def test_scope_without_addresses(self):
        scope = self.get('/scope_of', client=('', ''), server=('/run/desk.sock', '')).json()
        self.assertEqual((scope['client'], scope['server']), (None, ['/run/desk.sock', None]))
        self.assertEqual(self.get('/scope_of', server=('', '')).json()['server'], None)

    def test_path_that_the_raw_path_does_not_show(self):
        scope = self.get('/other', decoded='/scope_of/a%20b', root='/scope%5Fof').json()
        paths = scope['path'], scope['raw_path'], scope['root_path']
        self.assertEqual(paths, ('/scope_of/a b', repr(b'/other'), '/scope_of'))

    def test_values_of_the_gateway(self):
        extra = {
            'added': {'isthmus.auth': {'type': 'Basic', 'user': 'anna'}, 'path': 'no'},
            'carried': {'tenant': 'a'},
            'extensions': {'tls': {'tlsVersion': 772, 'serverCert': None}, 'http.response.pathsend': {}},
        }
        headers = [('x-request-id', 'a1'), ('traceparent', '00-1')]
        scope = self.get('/scope_of', extra=extra, headers=headers, deadline=1500).json()
        tls = {'tls_version': 772, 'server_cert': None}
        self.assertEqual(scope['extensions'], {'tls': tls, 'http.response.pathsend': {}})
        self.assertEqual(scope['isthmus.auth'], {'type': 'Basic', 'user': 'anna'})
        self.assertEqual((scope['path'], scope['isthmus.carried']), ('/scope_of', {'tenant': 'a'}))
        own = [scope[f'isthmus.{name}'] for name in ('request_id', 'traceparent', 'deadline')]
        self.assertEqual(own, ['a1', '00-1', 1.5])
        self.assertIn('tls', self.get('/scope_of').json()['extensions'])
        self.assertEqual(self.get('/scope_of', extra={'extensions': {}}).json()['extensions'], {})

    def test_state(self):
        self.host.state(act=1)
        first = self.get('/changes_state').json()
        self.assertEqual((first['act'], first['own']), (1, True))
        self.host.state(unset=['act'])
        second = self.get('/scope_of').json()['state']
        self.assertNotIn('own', second)
        self.assertNotIn('act', second)
        self.assertEqual(second['shared'], first['shared'])

    def test_module_isthmus(self):
        headers = [('x-request-id', 'a1'), ('traceparent', '00-1')]
        self.assertEqual(self.get('/says', headers=headers, deadline=1500).json(), ['a1', '00-1', 1.5])

    def test_each_request_has_a_context_of_its_own(self):
        self.assertEqual([self.get('/marks').json(), self.get('/marks').json()], ['none', 'none'])

    # The body of the request.

    def test_events_of_a_request_without_a_body(self):
        self.get('/receives')
        first, *rest = self.seen()
        self.assertEqual(first, {'type': 'http.request', 'body': "b''", 'more_body': False})
        self.assertEqual(rest, [{'type': 'http.disconnect'}] * 2 + ['IllegalEventError'])

    def test_body(self):
        self.assertEqual(self.get('/echo', method='POST', body=b'seat').json(), [4, True])

    def test_long_body_comes_in_windows(self):
        id, sent, allowed = self.begin('/echo', method='POST', body=True, body_window=0), 0, 0
        while sent < 1_000_000:
            allowed += self.host.next('want', id=id)['bytes']
            self.assertLessEqual(allowed - sent, 65536)
            while sent < allowed:
                self.host.body(id, b'x' * 16384)
                sent += 16384
        self.host.body(id, b'', last=True)
        self.assertEqual(self.host.answer(id).json(), [sent, True])

    def test_receive_that_is_abandoned_loses_no_event(self):
        id = self.begin('/abandons_receive', method='POST', body=True)
        self.host.next('part', id=id)
        self.host.body(id, b'seat', last=True)
        self.assertEqual(self.host.answer(id).body, b'seat')

    def test_body_that_breaks_a_limit(self):
        error = {'name': 'BodyTooLargeError', 'message': 'too large', 'stack': ''}
        error.update(code='ISTHMUS_BODY_TOO_LARGE', status=413)
        id = self.begin('/reads_fault', method='POST', body=True)
        self.host.frame(4, id, json.dumps(error).encode(), flags=3)
        answer = self.host.answer(id).error
        self.assertEqual({**answer, 'stack': ''}, error)
        self.assertEqual(self.seen(), ['too large'])

    # The response.

    def test_whole_response_is_one_frame(self):
        id = self.begin('/marks')
        part = self.host.next(id=id)
        self.assertEqual((part['status'], part['end'], part['over']), (200, True, True))
        self.assertEqual(part['headers'], [('content-type', 'text/plain')])

    def test_chunks_leave_one_by_one(self):
        answer = self.get('/streams')
        self.assertEqual((answer.parts, answer.ends), ([b'one', b'two'], 1))

    def test_window_of_the_response(self):
        id = self.begin('/endless', window=2500)
        for _ in range(3):
            self.host.next('part', id=id)
        self.assertTrue(self.host.is_silent())
        self.host.credit(id, 1000)
        self.host.next('part', id=id)
        self.host.cancel(id)
        self.host.next('done', id=id)

    def test_head_of_server_sent_events_leaves_at_once(self):
        id = self.begin('/event_stream')
        part = self.host.next('part', id=id)
        self.assertEqual((part['status'], part['chunk'], part['end']), (200, b'', False))
        self.host.cancel(id)
        self.host.next('done', id=id)

    def test_response_to_head(self):
        answer = self.get('/declared', query='abcd', method='HEAD')
        self.assertEqual((answer.ends, answer.header('content-length')), (1, '4'))
        endless = self.get('/endless', method='HEAD')
        self.assertEqual((endless.ends, endless.body, endless.error, endless.logs), (1, b'', None, []))

    def test_content_length(self):
        self.assertEqual(self.get('/declared', query='ab,cd').body, b'abcd')
        for query, status in (('abcde', None), ('ab,cde', 200), ('ab,c', 200)):
            answer = self.get('/declared', query=query)
            self.assertEqual(answer.error['code'], 'ISTHMUS_CONTENT_LENGTH_MISMATCH')
            self.assertEqual((answer.status, answer.ends), (status, 0))

    def test_trailers(self):
        answer = self.get('/trailers')
        start = {'type': 'http.response.start', 'status': 200, 'headers': [['content-type', 'text/plain']]}
        self.assertEqual(
            answer.events,
            [
                {**start, 'trailers': True},
                {'type': 'http.response.body', 'moreBody': False, 'body': b'data'},
                {'type': 'http.response.trailers', 'headers': [['x-sum', '5']], 'moreTrailers': True},
                {'type': 'http.response.trailers', 'headers': [['x-more', '6']], 'moreTrailers': False},
            ],
        )

    def test_early_hint(self):
        answer = self.get('/hints')
        self.assertEqual(answer.events, [{'type': 'http.response.early_hint', 'links': ['</a.css>; rel=preload']}])
        self.assertEqual(answer.status, 200)

    def test_file(self):
        self.assertEqual(self.get('/files', extra={'extensions': {}}).error['code'], 'ISTHMUS_ILLEGAL_EVENT')
        answer = self.get('/files', extra={'extensions': {'http.response.pathsend': {}}})
        self.assertEqual([event['type'] for event in answer.events], ['http.response.start', 'http.response.pathsend'])
        self.assertTrue(answer.events[1]['path'].endswith('apps/asgi.py'))

    def test_illegal_events(self):
        cases = {
            'unknown': 'not an event of an HTTP response',
            'twice': 'illegal here: the response is started',
            'body first': 'waiting for http.response.start',
            'status': "from 200 to 999, got '200'",
            'interim': 'from 200 to 999, got 100',
            'name': 'not a token',
            'str name': 'must be bytes, got a str',
            'str value': 'must be bytes, got a str',
            'value': 'control character',
            'str body': 'must be bytes, got a str',
            'trailers': 'illegal here',
            'file': 'absolute path',
        }
        extra = {'extensions': {'http.response.pathsend': {}}}
        for query, message in cases.items():
            with self.subTest(query):
                answer = self.get('/illegal', query=query.replace(' ', '%20'), extra=extra)
                self.assertIn(message, answer.error['message'])
                self.assertRegex(answer.error['code'], 'ISTHMUS_(ILLEGAL_EVENT|INVALID_HEADER)')

    # The end.

    def test_failure(self):
        error = self.get('/fails').error
        self.assertEqual((error['name'], error['message']), ('ValueError', 'seat 12 does not exist'))
        self.assertNotIn('isthmus_host.py', error['stack'])

    def test_failure_after_the_start(self):
        answer = self.get('/fails_after_start')
        self.assertEqual((answer.status, answer.error['message']), (None, 'after the start'))
        self.assertEqual([event['type'] for event in answer.events], ['http.response.start'])
        self.assertEqual(self.get('/fails_in_body').error['message'], 'in the middle')

    def test_failure_after_the_response_is_a_log(self):
        id = self.begin('/fails_afterwards')
        self.assertEqual(self.host.answer(id).error, None)
        log = self.host.next('log')
        self.assertEqual((log['level'], log['error']['message']), ('error', 'in the background'))

    def test_app_that_returns_early(self):
        answer = self.get('/returns_early')
        self.assertEqual((answer.status, answer.ends, answer.error, answer.events), (None, 0, None, []))
        events = self.get('/returns_after_start').events
        self.assertEqual([(event['type'], event['status']) for event in events], [('http.response.start', 201)])

    def test_work_after_the_response(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'go')
            id = self.begin('/background', query=path)
            self.assertEqual(self.host.answer(id).json(), 'ok')
            self.host.cancel(id)
            self.assertEqual(self.seen(), [])
            open(path, 'w').close()
            seen = []
            while not seen:
                seen = self.seen()
            self.assertEqual(seen, ['background'])

    def test_client_that_leaves(self):
        id = self.begin('/waits_for_disconnect', method='POST', body=True)
        self.host.next('part', id=id)
        self.host.body(id, b'abc')
        self.host.cancel(id)
        answer = self.host.answer(id)
        self.assertEqual((answer.error, answer.ends, answer.logs), (None, 0, []))
        self.assertEqual(self.seen()[-2:], ['http.disconnect', ['ClientDisconnected', True]])

    def test_warning_of_a_shutdown(self):
        id = self.begin('/waits_for_shutdown')
        self.host.next('part', id=id)
        self.host.frame(WARN, id, json.dumps(SHUTDOWN).encode())
        self.assertEqual(self.host.answer(id).body, b'http.disconnect')

    def test_another_reason_of_a_cancellation_ends_the_task(self):
        id = self.begin('/sleeps')
        self.host.next('part', id=id)
        self.host.cancel(id, {**SHUTDOWN, 'name': 'AppTimeoutError', 'code': 'ISTHMUS_APP_TIMEOUT'})
        self.assertEqual(self.host.answer(id).error, None)
        self.assertEqual(self.seen(), ['cancelled'])

    def test_cancellation_before_the_app_begins(self):
        for path, error in (('/waits_for_disconnect', LEFT), ('/sleeps', SHUTDOWN)):
            # Both frames come in one read, nearly always.
            id = self.begin(path)
            self.host.cancel(id, error)
            answer = self.host.answer(id)
            self.assertEqual((answer.error, answer.ends), (None, 0))
        self.seen()

    def test_ping(self):
        self.host.frame(PING, 3)
        self.assertEqual(self.host.next('pong'), {'type': 'pong', 'id': 3})

    def test_lines_of_an_app_that_has_not_configured_logging(self):
        logs = self.get('/logs').logs
        lines = [(log['level'], log['message']) for log in logs]
        self.assertEqual(lines, [('warn', 'from a thread'), ('error', 'from the loop')])


class WebSocketTest(AsgiCase):
    def open(self, path, subprotocols=('chat',), **fields):
        extra = {'subprotocols': list(subprotocols), **fields.pop('extra', {})}
        return self.begin(path, kind=OPEN, extra=extra, **fields)

    def accepted(self):
        id = self.open('/chat')
        self.assertEqual(self.host.next(id=id)['event']['type'], 'websocket.accept')
        return id

    def text(self, id, text):
        self.host.frame(TEXT, id, text.encode())

    def leave(self, id, code=1001, reason='bye'):
        self.host.event(id, {'type': 'websocket.disconnect', 'code': code, 'reason': reason})
        self.host.next('done', id=id)

    def test_messages(self):
        id = self.open('/chat')
        accept = {'type': 'websocket.accept', 'subprotocol': 'chat', 'headers': [['x-name', 'caf\xe9']]}
        self.assertEqual(self.host.next(id=id)['event'], accept)
        self.text(id, '20 \u20ac')
        self.assertEqual(self.host.next(id=id), {'type': 'text', 'id': id, 'text': '20 \u20ac'})
        self.host.frame(BYTES, id, b'\0\xff')
        self.assertEqual(self.host.next(id=id), {'type': 'bytes', 'id': id, 'bytes': b'\0\xff'})
        self.leave(id)
        end = {'type': 'websocket.disconnect', 'code': 1001, 'reason': 'bye'}
        self.assertEqual(self.seen()[-4:], ['websocket.connect', end, end, 'ClientDisconnected'])

    def test_scope(self):
        id = self.accepted()
        self.text(id, 'scope')
        scope = json.loads(self.host.next('text', id=id)['text'])
        self.assertEqual((scope['type'], scope['scheme'], scope['subprotocols']), ('websocket', 'ws', ['chat']))
        self.assertNotIn('method', scope)
        self.leave(id)

    def test_close(self):
        id = self.accepted()
        self.text(id, 'close')
        close = {'type': 'websocket.close', 'code': 3000, 'reason': 'as told'}
        self.assertEqual(self.host.next('event', id=id)['event'], close)
        self.leave(id, 3000)

    def test_failure(self):
        id = self.accepted()
        self.text(id, 'fail')
        self.assertEqual(self.host.next('failure', id=id)['error']['message'], 'in a WebSocket')
        self.host.next('done', id=id)

    def test_close_before_the_accept(self):
        id = self.open('/closes')
        self.assertEqual(self.host.next('event', id=id)['event']['type'], 'websocket.close')
        self.leave(id, 1006, '')
        end = {'type': 'websocket.disconnect', 'code': 1006, 'reason': ''}
        self.assertEqual(self.seen()[-2:], [{'type': 'websocket.connect'}, end])

    def test_denial(self):
        id = self.open('/denies')
        events = self.host.answer(id).events
        start = {'type': 'websocket.http.response.start', 'status': 404, 'headers': [['content-type', 'text/plain']]}
        self.assertEqual(events[0], start)
        self.assertEqual(events[1]['body'], b'no')
        self.assertEqual([event['moreBody'] for event in events[1:]], [True, False])

    def test_windows(self):
        id = self.open('/floods', window=2500)
        for _ in range(3):
            self.host.next('text', id=id)
        self.assertTrue(self.host.is_silent())
        self.host.credit(id, 1000)
        self.host.next('text', id=id)
        self.leave(id)

    def test_want_after_half_of_the_window(self):
        id = self.open('/chat', window=1000)
        self.host.next('event', id=id)
        for _ in range(4):
            self.text(id, '\U0001f3ad' * 36)
        # Each message weighs 72 UTF-16 code units and 64.
        self.assertEqual(self.host.next('want', id=id)['bytes'], 4 * 136)
        self.leave(id)

    def test_cancellation(self):
        id = self.accepted()
        self.host.cancel(id, LEFT)
        self.host.next('done', id=id)
        self.assertEqual(self.seen()[-1], 'ClientDisconnected')

    def test_illegal_events(self):
        cases = {
            'send': 'while the WebSocket is connecting: send websocket.accept or',
            'subprotocol': "(chat), got 'other'",
            'header': 'only the server sets',
            'both': 'exactly one',
            'neither': 'exactly one',
            'text': 'must be a str, got a bytes',
            'code': 'got 1005',
            'reason': 'at most 123 bytes',
            'closed': 'while the WebSocket is closed: send nothing more',
        }
        for query, message in cases.items():
            with self.subTest(query):
                answer = self.host.answer(self.open('/illegal_socket', query=query))
                self.assertIn(message, answer.error['message'])


class CancelTest(AsgiCase):
    options = {'cancelAfterMs': 50}

    def test_task_is_cancelled_some_time_after_the_client_has_left(self):
        id = self.begin('/sleeps')
        self.host.next('part', id=id)
        self.host.cancel(id)
        self.assertEqual(self.host.answer(id).error, None)
        self.assertEqual(self.seen(), ['cancelled'])


class StopTest(unittest.TestCase):
    def test_stop_when_idle(self):
        with Gateway('asgi') as host:
            host.get(1, '/marks')
            self.assertEqual(host.stop(), 0)
            self.assertIn('lifespan has ended', host.errors())

    def test_stop_warns_and_waits(self):
        with Gateway('asgi') as host:
            host.request(1, '/waits_for_shutdown')
            host.next('part')
            host.frame(STOP)
            self.assertEqual(host.answer(1).body, b'http.disconnect')
            self.assertEqual(host.wait(), 0)

    def test_stop_cancels_what_does_not_end(self):
        with Gateway('asgi', shutdownMs=50) as host:
            host.sends_again = False
            self.assertEqual(host.get(3, '/background', query='/nowhere').json(), 'ok')
            host.request(1, '/sleeps')
            host.next('part')
            host.frame(STOP)
            host.request(2, '/marks')
            self.assertEqual(host.next('giveBack')['id'], 2)
            self.assertEqual(host.answer(1).ends, 0)
            self.assertEqual(host.wait(), 0)
            self.assertIn('lifespan has ended', host.errors())

    def test_worn(self):
        with Gateway('asgi', maxMemoryBytes=1024) as host:
            host.request(1, '/marks')
            self.assertGreater(host.next('worn')['left']['memoryBytes'], 1024)


class LifespanTest(unittest.TestCase):
    def load(self, app, **options):
        host = Gateway(f'lifespans:{app}', 'asgi', **options)
        self.addCleanup(host.__exit__)
        return host

    def test_app_without_a_lifespan(self):
        for app in ('raises', 'returns'):
            host = self.load(app)
            self.assertEqual(host.get(1).body, b'ok')
            self.assertEqual(host.stop(), 0)

    def test_app_that_fails_while_it_starts(self):
        host = self.load('breaks')
        self.assertEqual(host.get(1).body, b'ok')

    def test_startup_that_fails(self):
        host = self.load('fails', loads=False)
        error = host.loaded['error']
        self.assertEqual((error['name'], error['code']), ('LifespanError', 'ISTHMUS_LIFESPAN_FAILED'))
        self.assertEqual(error['message'], 'no database')
        self.assertEqual(host.wait(), 1)

    def test_shutdown_that_fails_or_takes_long(self):
        failing = self.load('fails_at_the_end')
        failing.frame(STOP)
        self.assertEqual(failing.next('log')['message'], 'the app failed to shut down: no disk')
        self.assertEqual(failing.wait(), 0)
        slow = self.load('never_ends', shutdownMs=50)
        slow.frame(STOP)
        self.assertIn('no lifespan.shutdown.complete within 0.05', slow.next('log')['message'])
        self.assertEqual(slow.wait(), 0)


if __name__ == '__main__':
    unittest.main()
