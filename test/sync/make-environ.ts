// An environ as a server makes it for `GET /`, with the changes of a test.

import { errorStream } from '../../src/sync/errors-stream.ts'
import { EMPTY_INPUT } from '../../src/sync/input.ts'
import { wrapFile } from '../../src/sync/file-wrapper.ts'
import type { Environ } from '../../src/contract/environ.ts'

export function makeEnviron(changes: Partial<Environ> = {}): Environ {
  return {
    REQUEST_METHOD: 'GET',
    SCRIPT_NAME: '',
    PATH_INFO: '/',
    QUERY_STRING: '',
    SERVER_NAME: 'localhost',
    SERVER_PORT: '8000',
    SERVER_PROTOCOL: 'HTTP/1.1',
    HTTP_HOST: 'localhost:8000',
    'wsgi.version': [1, 0],
    'wsgi.url_scheme': 'http',
    'wsgi.input': EMPTY_INPUT,
    'wsgi.errors': errorStream(() => {}),
    'wsgi.multithread': false,
    'wsgi.multiprocess': false,
    'wsgi.run_once': false,
    'wsgi.file_wrapper': wrapFile,
    ...changes,
  }
}
