"""The host with WSGI apps."""

import json
import os
import tempfile
import unittest

from gateway import SHUTDOWN, Gateway


class WsgiTest(unittest.TestCase):
    """One host for all tests."""

    @classmethod
    def setUpClass(cls):
        cls.host = Gateway('wsgi', threads=1)
        cls.last = 0

    @classmethod
    def tearDownClass(cls):
        cls.host.__exit__()

    def next_id(self):
        WsgiTest.last += 1
        return WsgiTest.last

    def get(self, path, **fields):
        return self.host.get(self.next_id(), path, **fields)

    def closed(self):
        return self.get('/closed_so_far').json()

    def test_says_how_it_runs(self):
        self.assertEqual(self.host.hello['protocol'], 1)
        self.assertRegex(self.host.hello['host'], r'^CPython 3\.')
        self.assertEqual(self.host.loaded, {'type': 'loaded', 'id': 0, 'runs': 'inTurn', 'error': None})

    # The environ.

    def test_environ(self):
        fields = {'query': 'seat=12', 'headers': [('host', 'desk:8000'), ('x-name', 'caf\xe9'), ('accept', 'a')]}
        environ = self.get('/environ_of/a', **fields).json()
        expected = {
            'REQUEST_METHOD': 'GET',
            'SCRIPT_NAME': '',
            'PATH_INFO': '/a',
            'QUERY_STRING': 'seat=12',
            'RAW_URI': '/environ_of/a?seat=12',
            'REQUEST_URI': '/environ_of/a?seat=12',
            'SERVER_PROTOCOL': 'HTTP/1.1',
            'SERVER_NAME': '127.0.0.1',
            'SERVER_PORT': '8000',
            'SERVER_SOFTWARE': 'isthmus',
            'REMOTE_ADDR': '127.0.0.1',
            'REMOTE_PORT': '49152',
            'HTTP_HOST': 'desk:8000',
            'HTTP_X_NAME': 'caf\xe9',
            'HTTP_ACCEPT': 'a',
            'wsgi.version': [1, 0],
            'wsgi.url_scheme': 'http',
            'wsgi.input_terminated': True,
            'wsgi.multithread': False,
            'wsgi.multiprocess': False,
            'wsgi.run_once': False,
            'isthmus.state': {},
            'isthmus.carried': {},
        }
        for key, value in expected.items():
            with self.subTest(key):
                if key == 'wsgi.version':
                    self.assertEqual(environ['types'][key], 'tuple')
                else:
                    self.assertEqual(environ[key], value)
        for key in ('CONTENT_TYPE', 'CONTENT_LENGTH', 'REMOTE_USER', 'isthmus.request_id', 'isthmus.deadline'):
            self.assertNotIn(key, environ)

    def test_path_is_decoded_to_bytes_as_latin_1(self):
        environ = self.get('/environ_of/%E2%82%AC%FF%2F').json()
        self.assertEqual(environ['PATH_INFO'], '/\xe2\x82\xac\xff/')
        self.assertEqual(environ['REQUEST_URI'], '/environ_of/%E2%82%AC%FF%2F')

    def test_path_that_the_raw_path_does_not_show(self):
        environ = self.get('/other', decoded='/environ_of/a%20b').json()
        self.assertEqual((environ['PATH_INFO'], environ['REQUEST_URI']), ('/a b', '/other'))

    def test_root_path(self):
        environ = self.get('/b%C3%BCro/environ_of', root='/b%C3%BCro').json()
        self.assertEqual((environ['SCRIPT_NAME'], environ['PATH_INFO']), ('/b\xc3\xbcro', '/'))

    def test_path_that_is_not_under_the_root_path(self):
        error = self.get('/shopping', root='/shop').error
        facts = error['name'], error['code'], error['status']
        self.assertEqual(facts, ('BadRequestError', 'ISTHMUS_BAD_REQUEST', 404))

    def test_several_fields_of_a_name(self):
        headers = [('accept', 'a'), ('cookie', 'a=1'), ('accept', 'b'), ('cookie', 'b=2')]
        environ = self.get('/environ_of', headers=headers).json()
        self.assertEqual((environ['HTTP_ACCEPT'], environ['HTTP_COOKIE']), ('a,b', 'a=1; b=2'))

    def test_content_fields(self):
        headers = [('content-type', 'text/plain'), ('content-length', '4')]
        environ = self.get('/environ_of', method='POST', headers=headers, body=b'seat').json()
        self.assertEqual((environ['CONTENT_TYPE'], environ['CONTENT_LENGTH']), ('text/plain', '4'))
        self.assertNotIn('HTTP_CONTENT_TYPE', environ)

    def test_transfer_encoding_overrides_a_content_length(self):
        headers = [('content-length', '4'), ('transfer-encoding', 'chunked')]
        environ = self.get('/environ_of', method='POST', headers=headers, body=b'seat').json()
        self.assertNotIn('CONTENT_LENGTH', environ)

    def test_unix_socket(self):
        server = ('/run/desk.sock', '')
        named = self.get('/environ_of', server=server, client=('', ''), headers=[('host', 'desk:81')]).json()
        self.assertEqual((named['SERVER_NAME'], named['SERVER_PORT']), ('desk', '81'))
        self.assertNotIn('REMOTE_ADDR', named)
        portless = self.get('/environ_of', server=server, scheme='https', headers=[('host', 'desk')]).json()
        self.assertEqual((portless['SERVER_NAME'], portless['SERVER_PORT']), ('desk', '443'))
        nameless = self.get('/environ_of', server=server).json()
        self.assertEqual((nameless['SERVER_NAME'], nameless['SERVER_PORT']), ('/run/desk.sock', '80'))
        unknown = self.get('/environ_of', server=('', '')).json()
        self.assertEqual((unknown['SERVER_NAME'], unknown['SERVER_PORT']), ('localhost', '80'))

    def test_values_of_the_gateway(self):
        extra = {
            'environ': {'DESK': 'main', 'HTTP_HOST': 'set'},
            'added': {'isthmus.auth': {'type': 'Basic', 'user': 'anna'}, 'shop.theme': 'dark', 'QUERY_STRING': 'no'},
            'carried': {'tenant': 'th\xe9\xe2tre'},
        }
        headers = [('host', 'desk'), ('x-request-id', 'a1'), ('traceparent', '00-1')]
        environ = self.get('/environ_of', headers=headers, extra=extra, deadline=1790000000500).json()
        expected = {
            'DESK': 'main',
            'HTTP_HOST': 'set',
            'AUTH_TYPE': 'Basic',
            'REMOTE_USER': 'anna',
            'shop.theme': 'dark',
            'QUERY_STRING': '',
            'isthmus.auth': {'type': 'Basic', 'user': 'anna'},
            'isthmus.carried': {'tenant': 'th\xe9\xe2tre'},
            'isthmus.request_id': 'a1',
            'isthmus.traceparent': '00-1',
            'isthmus.deadline': 1790000000.5,
        }
        self.assertEqual({key: environ[key] for key in expected}, expected)

    def test_state(self):
        self.host.state(theatre='Globe', seats=[1])
        self.assertEqual(self.get('/environ_of').json()['isthmus.state'], {'theatre': 'Globe', 'seats': [1]})
        self.host.state(unset=['seats', 'theatre'], act=2)
        self.assertEqual(self.get('/environ_of').json()['isthmus.state'], {'act': 2})
        self.host.state(unset=['act'])
        self.assertEqual(self.get('/environ_of').json()['isthmus.state'], {})

    def test_module_isthmus(self):
        headers = [('x-request-id', 'a1'), ('traceparent', '00-1')]
        self.assertEqual(self.get('/says', headers=headers, deadline=1500).json(), ['a1', '00-1', 1.5])
        self.assertEqual(self.get('/says').json(), [None, None, None])

    def test_each_request_has_a_context_of_its_own(self):
        self.assertEqual([self.get('/marks').body, self.get('/marks').body], [b'none', b'none'])

    # The body of the request.

    def test_no_body(self):
        self.assertEqual(self.get('/echo').body, b'0:')

    def test_short_body(self):
        self.assertEqual(self.get('/echo', method='POST', body=b'seat').body, b'4:seat')

    def test_reads(self):
        answer = self.get('/reads', method='POST', body=b'abcdef\nsecond\nthird\nfourth')
        expected = [b'', b'abc', b'def\n', b'seco', [b'nd\n', b'third\n', b'fourth'], b'']
        self.assertEqual(answer.body, repr(expected).encode())

    def test_body_that_comes_later(self):
        id = self.next_id()
        self.host.request(id, '/reads', method='POST', body=True)
        for chunk in (b'abc', b'def\n', b'sec', b'', b'ond\nthird\nfourth'):
            self.host.body(id, chunk)
        self.host.body(id, b'', last=True)
        self.assertIn(b"b'def\\n', b'seco'", self.host.answer(id).body)

    def test_long_body_comes_in_windows(self):
        id, sent = self.next_id(), 0
        self.host.request(id, '/echo', method='POST', body=True, body_window=0)
        allowed = 0
        while sent < 1_000_000:
            allowed += self.host.next('want', id=id)['bytes']
            self.assertLessEqual(allowed - sent, 65536)
            while sent < allowed:
                self.host.body(id, b'x' * 16384)
                sent += 16384
        self.host.body(id, b'', last=True)
        self.assertEqual(self.host.answer(id).body, b'%d:' % sent + b'x' * 40)

    def test_cut_body(self):
        id = self.next_id()
        self.host.request(id, '/echo', method='POST', body=True)
        self.host.body(id, b'abc')
        self.host.cancel(id)
        answer = self.host.answer(id)
        self.assertEqual((answer.status, answer.error), (None, None))

    # The response.

    def test_list_is_one_frame(self):
        self.host.request(self.next_id(), '/echo')
        part = self.host.next()
        self.assertEqual((part['type'], part['end'], part['over'], part['chunk']), ('part', True, True, b'0:'))
        self.assertEqual(part['headers'], [('content-type', 'text/plain')])

    def test_long_list_has_its_length(self):
        answer = self.get('/long_list')
        self.assertEqual((len(answer.body), answer.header('content-length'), answer.ends), (200_000, '200000', 1))

    def test_no_content(self):
        answer = self.get('/empty')
        self.assertEqual((answer.status, answer.headers, answer.body, answer.ends), (204, [], b'', 1))

    def test_chunks_leave_one_by_one(self):
        answer = self.get('/streamed')
        self.assertEqual((answer.parts, answer.ends, answer.status), ([b'one', b'two'], 1, 200))

    def test_write(self):
        answer = self.get('/writes')
        self.assertEqual((answer.parts, answer.ends), ([b'one', b'two', b'three'], 1))

    def test_start_response_in_the_first_step_of_the_body(self):
        answer = self.get('/late_start')
        self.assertEqual((answer.status, answer.body), (201, b'late'))

    def test_declared_length_ends_the_response(self):
        id = self.next_id()
        self.host.request(id, '/declared')
        self.assertEqual([self.host.next('part', id=id)['end'] for _ in range(2)], [False, True])
        self.host.next('done', id=id)
        self.assertIn('after the last chunk', self.closed())

    def test_excess_is_cut(self):
        for path in ('/too_long', '/too_long_list'):
            answer = self.get(path)
            self.assertEqual((answer.body, answer.ends, answer.error), (b'abcd', 1, None))
            self.assertIn('Content-Length of 4', answer.logs[0]['message'])
        self.assertNotIn('never', self.closed())

    def test_missing_bytes_fail(self):
        for path, status in (('/too_short', 200), ('/too_short_list', None)):
            answer = self.get(path)
            self.assertEqual(answer.error['name'], 'ContentLengthMismatchError')
            self.assertEqual(answer.error['code'], 'ISTHMUS_CONTENT_LENGTH_MISMATCH')
            self.assertEqual((answer.status, answer.ends), (status, 0))

    def test_too_much_written(self):
        self.assertEqual(self.get('/too_much_written').error['code'], 'ISTHMUS_CONTENT_LENGTH_MISMATCH')

    def test_head_of_a_list(self):
        answer = self.get('/long_list', method='HEAD')
        self.assertEqual((answer.body, answer.header('content-length'), answer.ends), (b'', '200000', 1))

    def test_head_of_an_endless_body(self):
        before = self.closed().count('closed')
        answer = self.get('/endless', method='HEAD')
        self.assertEqual((answer.status, answer.body, answer.ends), (200, b'', 1))
        self.assertEqual(self.closed().count('closed'), before + 1)

    def test_long_chunk_comes_in_pieces_within_the_window(self):
        id = self.next_id()
        self.host.request(id, '/big_chunk', window=150_000)
        first, second = self.host.next('part', id=id), self.host.next('part', id=id)
        self.assertEqual((len(first['chunk']), len(second['chunk'])), (131072, 131072))
        self.assertTrue(self.host.is_silent())
        self.host.credit(id, 262144)
        self.assertEqual(len(self.host.answer(id).body), 300_000 - 262144)

    def test_client_that_leaves(self):
        before = self.closed().count('closed')
        id = self.next_id()
        self.host.request(id, '/endless', window=2000)
        self.host.next('part', id=id)
        self.host.cancel(id)
        answer = self.host.answer(id)
        self.assertEqual((answer.error, answer.ends), (None, 0))
        self.assertEqual(self.closed().count('closed'), before + 1)

    def test_another_reason_of_a_cancellation(self):
        id = self.next_id()
        self.host.request(id, '/endless', window=2000)
        self.host.next('part', id=id)
        self.host.cancel(id, SHUTDOWN)
        self.assertEqual(self.host.answer(id).error, None)

    def test_close_comes_after_the_last_part(self):
        before = self.closed().count('closed')
        id = self.next_id()
        self.host.request(id, '/with_close')
        parts = [self.host.next('part', id=id) for _ in range(2)]
        self.assertEqual([(part['end'], part['over']) for part in parts], [(False, False), (True, False)])
        self.host.next('done', id=id)
        self.assertEqual(self.closed().count('closed'), before + 1)

    def test_file_wrapper(self):
        with open(os.path.join(os.path.dirname(__file__), 'apps/wsgi.py'), 'rb') as file:
            self.assertEqual(self.get('/files').body, file.read())

    # Errors.

    def test_failure(self):
        error = self.get('/fails').error
        self.assertEqual((error['name'], error['message']), ('ValueError', 'seat 12 does not exist'))
        self.assertTrue(error['stack'].startswith('Traceback'))
        self.assertNotIn('isthmus_host.py', error['stack'])
        self.assertEqual((error['cause']['name'], error['cause']['message']), ('KeyError', "'seat'"))
        self.assertNotIn('code', error)

    def test_failure_in_the_body(self):
        before = self.closed().count('closed')
        answer = self.get('/fails_in_body')
        self.assertEqual((answer.body, answer.ends, answer.error['message']), (b'one', 0, 'in the middle'))
        self.assertEqual(self.closed().count('closed'), before + 1)

    def test_exit_of_the_app_is_a_failure(self):
        self.assertEqual(self.get('/exits').error['name'], 'SystemExit')
        self.assertEqual(self.get('/echo').body, b'0:')

    def test_exc_info_before_the_head(self):
        answer = self.get('/recovers')
        self.assertEqual((answer.status, answer.headers, answer.body), (500, [('x-error', 'yes')], b'page'))

    def test_exc_info_after_the_head(self):
        answer = self.get('/recovers_late')
        self.assertEqual((answer.status, answer.error['message']), (200, 'after the head'))

    def test_calls_of_start_response(self):
        self.assertIn('called twice', self.get('/starts_twice').error['message'])
        self.assertIn('was not called', self.get('/never_starts').error['message'])

    def test_illegal_heads(self):
        cases = [
            ('OK', [], 'is not three digits'),
            ('100 Continue', [], 'is not three digits'),
            ('200 O\nK', [], 'is not three digits'),
            ('200 OK', [['a b', 'c']], 'not a token'),
            ('200 OK', [['a', 'b\r\nc: d']], 'control character'),
            ('200 OK', [['a', 'b\0c']], 'control character'),
            ('200 OK', [['a', '\u20ac']], 'above U+00FF'),
            ('200 OK', [['a', 1]], 'must be a str, got an int'),
            ('200 OK', [[1, 'a']], 'must be a str, got an int'),
            ('200 OK', [['Content-Length', 'x']], 'plain digits'),
            ('200 OK', [['Content-Length', '1'], ['content-length', '2']], 'announce one'),
            ('200 OK', [['Status', '200 OK']], 'argument of start_response'),
        ]
        for status, headers, message in cases:
            with self.subTest(message, status=status, headers=headers):
                extra = {'environ': {'status': status, 'head': json.dumps(headers)}}
                error = self.get('/head_of', extra=extra).error
                self.assertIsNotNone(error)
                self.assertIn(message, error['message'])

    def test_legal_heads(self):
        for status, headers in [
            ('299 Very own', [['X-Name', 'caf\xe9 \xa0\tx']]),
            ('404', [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2'], ['X-Empty', '']]),
            ('200 ', [['Content-Length', '0'], ['Content-Length', '0']]),
        ]:
            extra = {'environ': {'status': status, 'head': json.dumps(headers)}}
            answer = self.get('/head_of', extra=extra)
            expected = [(name.lower(), value) for name, value in headers]
            self.assertEqual(answer.status, int(status[:3]))
            self.assertEqual(answer.headers, expected[:1] if 'content-length' in dict(expected) else expected)

    def test_hop_by_hop_fields_are_dropped_with_one_warning_each(self):
        first, second = self.get('/hop_by_hop'), self.get('/hop_by_hop')
        self.assertEqual([first.headers, second.headers], [[('x-kept', 'yes')]] * 2)
        self.assertEqual((len(first.logs), len(second.logs)), (2, 0))

    def test_wrong_bodies(self):
        for path, message in [
            ('/yields_str', 'yielded a str'),
            ('/returns/str', 'returned a str'),
            ('/returns/bytes', 'returned a bytes'),
            ('/returns/none', 'returned None'),
            ('/returns/list', 'a list with a str'),
        ]:
            error = self.get(path).error
            self.assertEqual(error['name'], 'TypeError')
            self.assertIn(message, error['message'])

    def test_lines_of_an_app_that_has_not_configured_logging(self):
        logs = self.get('/logs').logs
        self.assertEqual([log['level'] for log in logs], ['warn', 'error'])
        self.assertEqual([log['message'] for log in logs], ['the desk is closed', 'it broke'])
        self.assertEqual(logs[0]['fields'], {'logger': 'shop', 'pid': self.host.pid})
        self.assertEqual((logs[0]['error'], logs[1]['error']['name']), (None, 'ValueError'))


class TurnsTest(unittest.TestCase):
    """Requests that wait, threads, and the end of the host."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, 'go')

    def go(self):
        open(self.file, 'w').close()

    def test_requests_behind_a_long_one_are_given_back(self):
        with Gateway('wsgi') as host:
            host.sends_again = False
            host.request(1, '/computes', query=self.file)
            host.request(2, '/echo')
            self.assertEqual(host.next('giveBack', 'done')['type'], 'giveBack')
            host.request(3, '/echo')
            self.assertEqual(host.next(), {'type': 'giveBack', 'id': 3})
            host.sends_again = True
            self.go()
            self.assertEqual(host.answer(1).body, b'computed')
            self.assertEqual(host.get(2, '/echo').body, b'0:')

    def test_threads_run_requests_at_the_same_time(self):
        with Gateway('wsgi', threads=3) as host:
            for id in (1, 2, 3):
                host.request(id, '/meets')
            bodies = [host.next('part')['chunk'] for _ in range(3)]
            self.assertEqual(bodies, [b'met'] * 3)
            self.assertTrue(host.get(4, '/environ_of').json()['wsgi.multithread'])

    def test_a_thread_reads_its_body_while_another_one_computes(self):
        with Gateway('wsgi', threads=2) as host:
            host.request(1, '/computes', query=self.file)
            host.request(2, '/echo', method='POST', body=True)
            host.body(2, b'abc')
            host.sends_again = False
            host.request(3, '/echo')
            self.assertEqual(host.next('giveBack')['id'], 3)
            host.body(2, b'def', last=True)
            self.assertEqual(host.answer(2).body, b'6:abcdef')
            self.go()
            self.assertEqual(host.answer(1).body, b'computed')

    def test_a_request_that_is_cancelled_before_it_begins_does_not_run(self):
        with Gateway('wsgi') as host:
            host.request(1, '/echo', method='POST', body=True)
            host.request(2, '/with_close')
            host.cancel(2)
            host.body(1, b'', last=True)
            seen = [host.next() for _ in range(2)]
            self.assertEqual(sorted((message['type'], message['id']) for message in seen), [('done', 2), ('part', 1)])
            self.assertEqual(host.get(3, '/closed_so_far').json(), [])

    def test_stop_when_idle(self):
        for threads in (1, 3):
            with Gateway('exits', threads=threads) as host:
                host.get(1)
                self.assertEqual(host.stop(), 0)
                self.assertIn('atexit ran', host.errors())

    def test_stop_while_a_request_runs(self):
        with Gateway('wsgi', threads=2) as host:
            host.request(1, '/echo', method='POST', body=True, body_window=0)
            host.request(2, '/computes', query=self.file)
            begun = {host.next('part', 'want')['type'] for _ in range(2)}
            self.assertEqual(begun, {'part', 'want'})
            host.sends_again = False
            host.request(3, '/echo')
            host.frame(9)
            self.assertEqual(host.next('giveBack')['id'], 3)
            host.body(1, b'abc', last=True)
            self.assertEqual(host.answer(1).body, b'3:abc')
            self.go()
            self.assertEqual(host.answer(2).body, b'computed')
            self.assertEqual(host.wait(), 0)

    def test_worn(self):
        with Gateway('wsgi', maxMemoryBytes=64 * 1024 * 1024) as host:
            host.request(1, '/hoards')
            self.assertGreater(host.next('worn')['left']['memoryBytes'], 64 * 1024 * 1024)
            self.assertEqual(host.get(2, '/echo').body, b'0:')


if __name__ == '__main__':
    unittest.main()
