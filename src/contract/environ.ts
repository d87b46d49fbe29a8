// The sync interface: PEP 3333 in TypeScript. Types only.

import type { HttpScope } from './events.ts'

/** What an app may yield or write: bytes as they are, or a string that is sent as UTF-8. */
export type Chunk = Uint8Array | string

/** Response headers: `[name, value]` pairs in the order of the wire (PEP 3333, "response_headers"). */
export type StartResponseHeaders = ReadonlyArray<readonly [name: string, value: string]>

/** The imperative `write(data)` that `startResponse` returns (PEP 3333, "The write() Callable"). */
export type Write = (data: Chunk) => void

/**
 * Announces status and headers; nothing is transmitted until the first non-empty chunk.
 *
 * @param status three digits, one space, a reason: `'200 OK'`
 * @param headers `[name, value]` pairs; hop-by-hop names are refused
 * @param excInfo the error being handled, when an error page replaces what was announced before
 * @see PEP 3333, "The start_response() Callable"
 */
export type StartResponse = (
  status: string,
  headers: StartResponseHeaders,
  excInfo?: unknown,
) => Write

/** `environ['wsgi.input']`: the request body (PEP 3333, "Input and Error Streams"). */
export interface InputStream extends Iterable<Uint8Array> {
  /** Up to `size` bytes, blocking until they are there; all the rest without `size`; empty at the end. */
  read(size?: number): Uint8Array
  /** One line with its `\n`, at most `size` bytes of it; empty at the end. */
  readline(size?: number): Uint8Array
  /** All lines, or as many as it takes to reach `hint` bytes. */
  readlines(hint?: number): Uint8Array[]
}

/** The input of an async-iterable app: as {@link InputStream}, and it may be awaited. */
export interface AsyncInputStream extends InputStream, AsyncIterable<Uint8Array> {
  /** As `read`, without blocking: up to `size` bytes, all the rest without `size`, empty at the end. */
  readAsync(size?: number): Promise<Uint8Array>
  /** What is there, at least one byte and at most `size`: the read that passes on what has come. Empty at the end. */
  read1Async(size: number): Promise<Uint8Array>
}

/** `environ['wsgi.errors']`: text for the operator (PEP 3333, "Input and Error Streams"). */
export interface ErrorStream {
  write(text: string): void
  writelines(lines: Iterable<string>): void
  flush(): void
}

/** A file as `wsgi.file_wrapper` takes it: `read(size)`, perhaps `close()`; with `fd` it is sent off the loop. */
export interface FileLike {
  read(size: number): Uint8Array
  close?(): void
  /** An open descriptor, read from its current position. */
  readonly fd?: number
}

/** What `wsgi.file_wrapper` returns: to be returned from the app as it is (PEP 3333, "Optional Platform-Specific File Handling"). */
export interface FileWrapper extends Iterable<Uint8Array> {
  readonly filelike: FileLike
  readonly blockSize: number
  close(): void
}

/** Runs after the response ended and was closed; `error` is what went wrong, else undefined. */
export type ResponseFinished = (
  environ: Environ,
  status: string | undefined,
  headers: StartResponseHeaders | undefined,
  error: unknown,
) => void

/**
 * The request, as a plain mutable object that belongs to the request.
 * `SCRIPT_NAME` and `PATH_INFO` are decoded JavaScript strings; header values and `QUERY_STRING` are as on the wire.
 *
 * @see PEP 3333, "environ Variables"
 */
export interface Environ {
  REQUEST_METHOD: string
  SCRIPT_NAME: string
  PATH_INFO: string
  QUERY_STRING: string
  /** The target exactly as sent, query included. */
  REQUEST_URI?: string
  CONTENT_TYPE?: string
  CONTENT_LENGTH?: string
  SERVER_NAME: string
  SERVER_PORT: string
  SERVER_PROTOCOL: string
  REMOTE_ADDR?: string
  REMOTE_PORT?: string
  'wsgi.version': readonly [1, 0]
  'wsgi.url_scheme': string
  'wsgi.input': InputStream
  'wsgi.errors': ErrorStream
  'wsgi.multithread': boolean
  'wsgi.multiprocess': boolean
  'wsgi.run_once': boolean
  /** True: the input has an end of its own, also where `CONTENT_LENGTH` is absent. */
  'wsgi.input_terminated'?: boolean
  'wsgi.file_wrapper'?: (filelike: FileLike | number, blockSize?: number) => FileWrapper
  /** The scope that this environ was made from, where it was made from one. */
  'isthmus.scope'?: HttpScope
  /** Aborted, with a reason, when the client leaves, the request times out or the server shuts down. */
  'isthmus.signal'?: AbortSignal
  /** What lifespan put into `scope.state`: a shallow copy for this request. */
  'isthmus.state'?: Record<string, unknown>
  /** Push functions here; they run in reverse order once the response was closed. */
  'isthmus.responseFinished'?: ResponseFinished[]
  /** `HTTP_*`, values that the deployer set, and whatever middleware adds. */
  [key: string]: unknown
}

/** The environ of an async-iterable app: its input can be awaited. */
export interface IterableEnviron extends Environ {
  'wsgi.input': AsyncInputStream
}

/** The body of a sync app. A bare string is left out: it would be iterated character by character. */
export type SyncBody = Iterable<Chunk> & object & { close?(): void }

/** The body of an async-iterable app. */
export type AsyncBody = AsyncIterable<Chunk> & { close?(): void | Promise<void> }

/** Rung 1: blocking code is welcome. @see PEP 3333 */
export type SyncApp = (environ: Environ, startResponse: StartResponse) => SyncBody

/** Rung 2: the same signature, and it may await. A promise of a sync iterable is welcome too. */
export type IterableApp = (
  environ: IterableEnviron,
  startResponse: StartResponse,
) => AsyncBody | Promise<AsyncBody | SyncBody>
