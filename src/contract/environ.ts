// The sync interface: PEP 3333 in TypeScript. Types only.

import type { BlockingWebSocket } from './blocking-websocket.ts'
import type { Channels } from './channels.ts'
import type { HttpScope } from './events.ts'

/**
 * A piece of a body that an app yields or writes: bytes, or a string that is sent as UTF-8. The app may change the bytes
 * when the server asks for its next chunk or closes the body, and as soon as `write()` returns.
 */
export type Chunk = Uint8Array | string

/** Response headers: `[name, value]` pairs in the order of the wire (PEP 3333, "response_headers"). */
export type StartResponseHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** The imperative `write(data)` that `startResponse` returns (PEP 3333, "The write() Callable"). */
export type Write = (data: Chunk) => void

/**
 * Announces status and headers. They are sent with the first non-empty chunk.
 *
 * @param status three digits, one space, a reason: `'200 OK'`
 * @param headers `[name, value]` pairs; hop-by-hop names are refused
 * @param excInfo the error being handled, if an error page replaces the head that was announced before
 * @see PEP 3333, "The start_response() Callable"
 */
export type StartResponse = (
  status: string,
  headers: StartResponseHeaders,
  excInfo?: unknown,
) => Write

/** `environ['wsgi.input']`: the request body (PEP 3333, "Input and Error Streams"). */
export interface InputStream extends Iterable<Uint8Array> {
  /**
   * Blocks until `size` bytes have come or the body ends, and returns them; without `size`, the rest of the body.
   * Returns no bytes after the end.
   */
  read(size?: number): Uint8Array
  /** One line with its `\n`, cut to `size` bytes; empty at the end. */
  readline(size?: number): Uint8Array
  /** All remaining lines. With `hint`, stops after the line that reaches so many bytes. */
  readlines(hint?: number): Uint8Array[]
}

/** The input of an async-iterable app: an {@link InputStream} whose reads can be awaited. */
export interface AsyncInputStream extends InputStream, AsyncIterable<Uint8Array> {
  /** Does the same as `read`, but returns a promise instead of blocking. */
  readAsync(size?: number): Promise<Uint8Array>
  /**
   * The bytes that have come, at least one and at most `size`; empty at the end. It suits an app that passes bytes on.
   */
  read1Async(size: number): Promise<Uint8Array>
}

/** `environ['wsgi.errors']`: text for the operator (PEP 3333, "Input and Error Streams"). */
export interface ErrorStream {
  /** Writes the text as it is, without an added line end. */
  write(text: string): void
  /** Writes each text as it is, without added line ends. */
  writelines(lines: Iterable<string>): void
  /** Passes on the text that the stream keeps. */
  flush(): void
}

/** A file for `wsgi.file_wrapper`: it has `read(size)` and perhaps `close()`. With `fd`, the event loop does not read it. */
export interface FileLike {
  /** At most `size` bytes; none at the end of the file. */
  read(size: number): Uint8Array
  /** The server calls it once, after the response or its failure. */
  close?(): void
  /** An open descriptor. It is read from its current position. */
  readonly fd?: number
}

/** The body that `wsgi.file_wrapper` makes. The app returns it as it is (PEP 3333, "Optional Platform-Specific File Handling"). */
export interface FileWrapper extends Iterable<Uint8Array> {
  readonly filelike: FileLike
  /** The size of a chunk in bytes. */
  readonly blockSize: number
  /** Closes the file. The server calls it. */
  close(): void
}

/** The host calls it after it has closed the body. `error` is the reason why the request failed, else undefined. */
export type ResponseFinished = (
  environ: Environ,
  status: string | undefined,
  headers: StartResponseHeaders | undefined,
  error: unknown,
) => void

/**
 * One request as a plain object. Each request has its own, and code may change it.
 * `SCRIPT_NAME` and `PATH_INFO` are decoded JavaScript strings; header values and `QUERY_STRING` are as on the wire.
 *
 * @see PEP 3333, "environ Variables"
 */
export interface Environ {
  REQUEST_METHOD: string
  SCRIPT_NAME: string
  PATH_INFO: string
  QUERY_STRING: string
  /** The request target exactly as sent, with the query. */
  REQUEST_URI?: string
  CONTENT_TYPE?: string
  CONTENT_LENGTH?: string
  SERVER_NAME: string
  SERVER_PORT: string
  SERVER_PROTOCOL: string
  REMOTE_ADDR?: string
  REMOTE_PORT?: string
  /** The scheme of the check that the request has passed, such as `Basic` (RFC 3875, 4.1.1). */
  AUTH_TYPE?: string
  /** The name of the user that a middleware has checked (RFC 3875, 4.1.11). */
  REMOTE_USER?: string
  'wsgi.version': readonly [1, 0]
  'wsgi.url_scheme': string
  'wsgi.input': InputStream
  'wsgi.errors': ErrorStream
  'wsgi.multithread': boolean
  'wsgi.multiprocess': boolean
  'wsgi.run_once': boolean
  /** True if the input ends at the end of the body, even without a `CONTENT_LENGTH`. */
  'wsgi.input_terminated'?: boolean
  /** Makes a body of a file, in chunks of `blockSize` bytes (PEP 3333, "Optional Platform-Specific File Handling"). */
  'wsgi.file_wrapper'?: (filelike: FileLike | number, blockSize?: number) => FileWrapper
  /**
   * The WebSocket of the handshake that this environ describes. Only in threads: see {@link threads}. Absent for requests.
   */
  'wsgi.websocket'?: BlockingWebSocket
  /** The scope from which a bridge made this environ; absent if no bridge did. */
  'isthmus.scope'?: HttpScope
  /**
   * A signal that is aborted, with a reason, when the client leaves, the request times out, or the server shuts down.
   */
  'isthmus.signal'?: AbortSignal
  /** A shallow copy, for this request, of the state that lifespan put into `scope.state`. */
  'isthmus.state'?: Record<string, unknown>
  /** Messages to groups of consumers, in all processes: `publish` and `send` never wait. Absent under other hosts. */
  'isthmus.channels'?: Channels | undefined
  /** A list to push functions to. They run in reverse order after the response was closed. */
  'isthmus.responseFinished'?: ResponseFinished[]
  /** The fields of the request: `HTTP_COOKIE` is `cookie`. */
  [field: `HTTP_${string}`]: string | undefined
  /** The values that the operator set, and the values that middleware adds. */
  [key: string]: unknown
}

/** The environ of an async-iterable app. Its input can be awaited. */
export interface IterableEnviron extends Environ {
  'wsgi.input': AsyncInputStream
}

/** The body of a sync app. A bare string is not a body, because it would be sent character by character. */
export type SyncBody = Iterable<Chunk> &
  object & {
    /** The server calls it once, after the body has ended or failed. */
    close?(): void
  }

/** The body of an async-iterable app. */
export type AsyncBody = AsyncIterable<Chunk> & {
  /** The server calls it once, after the body has ended or failed. */
  close?(): void | Promise<void>
}

/** Style 1: an app that may block. @see PEP 3333 */
export type SyncApp = (environ: Environ, startResponse: StartResponse) => SyncBody

/** Style 2: the same signature, for an app that awaits. It may also return a promise of a sync iterable. */
export type IterableApp = (
  environ: IterableEnviron,
  startResponse: StartResponse,
) => AsyncBody | Promise<AsyncBody | SyncBody>
