"""Publishing from Python, inside of requests and outside of them."""

import json
import os
import struct
import tempfile
import time
import unittest

from gateway import ACCEPTED, CHANNELS, DEADLINE, Gateway, host_module

host = host_module()
FIRST = {'number': 1, 'maxMessageBytes': 1024 * 1024}
DIRECT = 'isthmus.direct.00000000-0000-4000-8000-000000000000'


class Sent:
    """A link that keeps frames."""

    def __init__(self):
        self.frames = []
        self.looks = 0

    def publish(self, frame):
        self.frames.append(frame)

    def look_for_accepted(self):
        self.looks += 1

    def losses(self):
        return [struct.unpack_from('>I', frame, 16)[0] for frame in self.frames]


class PublisherTest(unittest.TestCase):
    def publisher(self, **bounds):
        publisher, link = host.Publisher(**bounds), Sent()
        publisher.start(link)
        return publisher, link

    def test_bound_of_messages(self):
        publisher, link = self.publisher(max_waiting=2)
        taken = [publisher.publish(1, b'board', b'1', 0) for _ in range(4)]
        self.assertEqual((taken, publisher.dropped), ([True, True, False, False], 2))
        self.assertFalse(publisher.publish(1, b'other', b'1', 0))
        publisher.accepted(1)
        self.assertTrue(publisher.publish(1, b'board', b'1', 0))
        publisher.accepted(2)
        self.assertTrue(publisher.publish(2, b'other', b'1', 0))
        self.assertTrue(publisher.publish(1, b'other', b'1', 0))
        # The losses of a group are those of the same channels.
        self.assertEqual(link.losses(), [0, 0, 2, 0, 1])
        self.assertGreater(link.looks, 0)

    def test_bound_of_bytes(self):
        publisher, _ = self.publisher(max_waiting_bytes=100)
        sizes = 1000, 1, 60, 60
        # One message always has room.
        self.assertEqual([publisher.publish(1, b'b', b'x' * size, 0) for size in sizes], [True, False, False, False])
        publisher.accepted(1)
        self.assertEqual([publisher.publish(1, b'b', b'x' * size, 0) for size in sizes[2:]], [True, False])
        publisher.accepted(5)
        self.assertEqual(publisher.bytes, 0)

    def test_groups_with_losses_have_a_bound(self):
        publisher, _ = self.publisher(max_waiting=1)
        publisher.publish(1, b'board', b'1', 0)
        for number in range(host.MAX_LOST_GROUPS + 5):
            publisher.publish(1, b'%d' % number, b'1', 0)
        self.assertEqual(len(publisher.lost), host.MAX_LOST_GROUPS)
        self.assertEqual(publisher.dropped, host.MAX_LOST_GROUPS + 5)

    def test_messages_from_before_the_start(self):
        publisher, link = host.Publisher(), Sent()
        publisher.publish(1, b'a', b'1', 0)
        self.assertEqual(link.frames, [])
        publisher.start(link)
        publisher.publish(1, b'a', b'2', 0)
        self.assertEqual([frame[-1:] for frame in link.frames], [b'1', b'2'])


class ArgumentsTest(unittest.TestCase):
    def setUp(self):
        self.channels = host.Channels(1, 100)
        self.link = Sent()
        host.publisher = host.Publisher()
        host.publisher.start(self.link)

    def refused(self, kind, text, *arguments):
        with self.assertRaisesRegex(kind, text):
            self.channels.publish(*arguments)

    def test_groups(self):
        self.refused(TypeError, 'got None', None, 1)
        self.refused(TypeError, 'got bytes|got a bytes', b'board', 1)
        self.refused(ValueError, '1 to 255 characters, got 0', '', 1)
        self.refused(ValueError, '1 to 255 characters, got 256', '\U0001f3ad' * 128, 1)
        self.refused(ValueError, 'surrogate', 'a\ud800', 1)
        self.refused(ValueError, 'use send', DIRECT, 1)
        self.assertTrue(self.channels.publish('\U0001f3ad' * 127 + 'a', 1))

    def test_messages(self):
        self.refused(TypeError, 'not JSON serializable', 'board', {1, 2})
        self.refused(ValueError, 'not JSON compliant', 'board', float('nan'))
        loop = []
        loop.append(loop)
        self.refused(ValueError, 'Circular', 'board', loop)
        self.refused(ValueError, '101 bytes is above maxMessageBytes of 100', 'board', b'x' * 101)
        self.refused(ValueError, 'above maxMessageBytes', 'board', '\u20ac' * 34)
        for message in (None, 0, '', 'caf\xe9 \udc80', [1.5], {'a': True}, b'', bytearray(b'x'), memoryview(b'y')):
            self.assertTrue(self.channels.publish('board', message))
        payloads = [frame[16 + 6 + 5 :] for frame in self.link.frames]
        self.assertEqual(payloads[:3] + payloads[4:], [b'null', b'0', b'""', b'[1.5]', b'{"a":true}', b'', b'x', b'y'])
        self.assertEqual(json.loads(payloads[3]), 'caf\xe9 \udc80')

    def test_addresses(self):
        for address in (None, 'board', DIRECT, DIRECT + '.x', DIRECT + '.1\n'):
            with self.assertRaisesRegex(ValueError, 'an address is that of a subscription'):
                self.channels.send(address, 1)
        self.assertTrue(self.channels.send(DIRECT + '.7', 'for you'))
        self.assertTrue(self.channels.send(DIRECT + '.7', b'you'))
        payloads = [frame[16 + 6 + len(DIRECT) :] for frame in self.link.frames]
        self.assertEqual(payloads, [b'7:"for you"', b'\0\0\0\0\0\0\0\x07you'])


class HostTest(unittest.TestCase):
    def published(self, gateway, count):
        messages = []
        while len(messages) < count:
            message = gateway.next('publish')
            # The app publishes while it is loaded.
            if message['group'] != 'import':
                messages.append(message)
        return messages

    def hosts(self):
        yield 'channelled', {'threads': 2}
        yield 'channelled:asgi', {}

    def test_messages_of_requests(self):
        for app, options in self.hosts():
            with self.subTest(app), Gateway(app, channels=FIRST, **options) as gateway:
                self.assertEqual(gateway.loaded['error'], None)
                gateway.request(1, '/publish', query='message={"sold":12}')
                (message,) = self.published(gateway, 1)
                expected = {'group': 'board', 'payload': b'{"sold":12}', 'bytes': False, 'lost': 0, 'channels': 1}
                self.assertEqual(message, {'type': 'publish', 'id': 0, **expected})
                self.assertEqual(gateway.answer(1).json(), True)
                gateway.request(2, '/late')
                self.assertEqual(self.published(gateway, 1)[0]['payload'], b'"after the response"')
                self.assertEqual(gateway.stop(), 0)

    def test_messages_from_before_the_first_request(self):
        with Gateway('channelled', channels=FIRST) as gateway:
            self.assertEqual(gateway.next('publish')['payload'], b'"loaded"')

    def test_channels_of_each_request(self):
        for app, options in self.hosts():
            with self.subTest(app), Gateway(app, channels=None, **options) as gateway:
                self.assertEqual(gateway.get(1, '/').json(), None)
                gateway.frame(CHANNELS, payload=json.dumps({'number': 3, 'maxMessageBytes': 100}).encode())
                gateway.request(2, '/publish', query='message=1')
                self.assertEqual(gateway.next('publish')['channels'], 3)
                gateway.answer(2)
                gateway.frame(CHANNELS, payload=b'null')
                gateway.request(3, '/publish', query='message=1')
                self.assertIn('AttributeError', gateway.answer(3).error['name'])

    def test_threads_of_the_app(self):
        for app, options in self.hosts():
            with self.subTest(app), Gateway(app, channels=FIRST, **options) as gateway:
                gateway.request(1, '/threads')
                messages = self.published(gateway, 400)
                for name in ('t0', 't1', 't2', 't3'):
                    own = [int(m['payload']) for m in messages if m['group'] == name]
                    self.assertEqual(own, list(range(100)))

    def test_gateway_that_does_not_read(self):
        for app, options in self.hosts():
            with self.subTest(app), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, 'full')
                with Gateway(app, channels=FIRST, **options) as gateway:
                    gateway.request(1, '/flood', query=f'path={path}')
                    self.wait_for(path)
                    # 16 MiB have room for 167 messages of 100,005 bytes.
                    self.published(gateway, 167)
                    self.assertEqual(gateway.answer(1).json(), [167, 1])
                    gateway.frame(ACCEPTED, payload=struct.pack('>I', 167), number=1)
                    gateway.request(2, '/publish', query='message=1')
                    self.assertEqual(gateway.next('publish')['lost'], 1)

    def wait_for(self, path):
        end = time.monotonic() + DEADLINE
        while not os.path.exists(path):
            self.assertLess(time.monotonic(), end)
            time.sleep(0.005)

    def test_child_of_the_host_does_not_publish(self):
        with Gateway('channelled', channels=FIRST) as gateway:
            self.assertEqual(gateway.get(1, '/child').json(), 0)
            self.assertEqual(gateway.get(2, '/publish', query='message=1').json(), True)


if __name__ == '__main__':
    unittest.main()
