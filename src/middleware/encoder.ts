// Content codings (RFC 9110, 8.4.1; zstd: RFC 8878), each in three forms: for a complete body, for a stream of a sync
// app, and for a stream of an app that awaits. Node's own threads encode the last one.

import * as zlib from 'node:zlib'
import * as minizlib from 'minizlib'
import type { Transform } from 'node:stream'
import type { Chunk } from '../contract/environ.ts'

/** A content coding that can be offered. */
export type ContentCoding = 'br' | 'gzip' | 'zstd'

/** The quality or level of each coding. */
interface Efforts {
  br: number
  gzip: number
  zstd: number
}

type Bytes = Uint8Array | Promise<Uint8Array>

/** Encodes one body. */
export interface Encoder {
  /** The encoded bytes of `chunk`: all of them with `flush`, else those that the coding has finished. */
  encode(chunk: Chunk, flush: boolean): Bytes
  /** The last bytes. */
  end(): Bytes
  /** Frees memory outside of the JavaScript heap. May be called without `end`, and more than once. */
  close(): void
}

interface Zlib extends Transform {
  flush(kind: number, callback: () => void): void
  close(): void
}

interface Codec {
  flushKind: number
  whole: (body: Uint8Array) => Uint8Array
  blocking: () => minizlib.Gzip | minizlib.BrotliCompress | minizlib.ZstdCompress
  awaiting: () => Zlib
}

// @types/node describes the oldest supported Node, which has no zstd.
const LATER = zlib as unknown as {
  zstdCompressSync(body: Uint8Array, options: object): Uint8Array
  createZstdCompress?(options: object): Zlib
  constants: Record<string, number>
}

/** The codings that this Node has. */
export const CODINGS: readonly ContentCoding[] =
  LATER.createZstdCompress === undefined ? ['br', 'gzip'] : ['br', 'zstd', 'gzip']

/** Encodes a complete body in one call. */
export function wholeBody(coding: ContentCoding, efforts: Efforts): Encoder {
  const chunks: Chunk[] = []
  return {
    encode(chunk) {
      chunks.push(chunk)
      return EMPTY
    },
    end: () => codecOf(coding, efforts).whole(joined(chunks)),
    close: () => undefined,
  }
}

/** Encodes a stream of a sync app: each call returns when its work is done. */
export function blockingStream(coding: ContentCoding, efforts: Efforts): Encoder {
  const { blocking, flushKind } = codecOf(coding, efforts)
  const stream = blocking()
  const output: Uint8Array[] = []
  stream.on('data', (bytes) => output.push(bytes))
  return {
    encode(chunk, flush) {
      stream.write(Buffer.from(chunk as Uint8Array))
      if (flush) stream.flush(flushKind)
      return taken(output)
    },
    end() {
      stream.end()
      stream.close()
      return taken(output)
    },
    close: () => stream.close(),
  }
}

/** Encodes a stream of an app that awaits: Node's threads do the work. */
export function awaitingStream(coding: ContentCoding, efforts: Efforts): Encoder {
  const { awaiting, flushKind } = codecOf(coding, efforts)
  const stream = awaiting()
  const output: Uint8Array[] = []
  stream.on('data', (bytes: Uint8Array) => output.push(bytes))
  // A pending call rejects with the error; without this listener the error would end the process.
  stream.on('error', () => undefined)
  const settled = (start: (done: () => void) => void): Bytes => {
    if (stream.destroyed) return EMPTY
    return new Promise((resolve, reject) => {
      const done = (): void => {
        stream.off('error', reject).off('close', done)
        drain(stream)
        resolve(taken(output))
      }
      // close() in the middle of a call ends the call: the client does not get the bytes.
      stream.once('error', reject).once('close', done)
      start(done)
    })
  }

  return {
    encode: (chunk, flush) =>
      settled((done) => {
        stream.write(chunk, flush ? undefined : done)
        if (flush) stream.flush(flushKind, done)
      }),
    end: () => settled((done) => void stream.once('end', done).end()),
    close: () => void stream.destroy(),
  }
}

// Bytes in the internal buffer of the stream come out as 'data' events of read().
function drain(stream: Transform): void {
  let bytes: unknown
  do bytes = stream.read()
  while (bytes !== null)
}

const EMPTY = new Uint8Array(0)

function codecOf(coding: ContentCoding, efforts: Efforts): Codec {
  switch (coding) {
    case 'br':
      return brotli(efforts.br)
    case 'gzip':
      return gzip(efforts.gzip)
    case 'zstd':
      return zstd(efforts.zstd)
  }
}

function brotli(quality: number): Codec {
  const { BROTLI_PARAM_QUALITY, BROTLI_OPERATION_FLUSH } = zlib.constants
  const options = { params: { [BROTLI_PARAM_QUALITY]: quality } }
  return {
    flushKind: BROTLI_OPERATION_FLUSH,
    whole: (body) => zlib.brotliCompressSync(body, options),
    blocking: () => new minizlib.BrotliCompress({ ...options } as minizlib.ZlibOptions),
    awaiting: () => zlib.createBrotliCompress(options),
  }
}

function gzip(level: number): Codec {
  return {
    flushKind: zlib.constants.Z_SYNC_FLUSH,
    whole: (body) => zlib.gzipSync(body, { level }),
    blocking: () => new minizlib.Gzip({ level }),
    awaiting: () => zlib.createGzip({ level }),
  }
}

function zstd(level: number): Codec {
  const { ZSTD_c_compressionLevel, ZSTD_e_flush } = LATER.constants
  const options = { params: { [ZSTD_c_compressionLevel as number]: level } }
  return {
    flushKind: ZSTD_e_flush as number,
    whole: (body) => LATER.zstdCompressSync(body, options),
    blocking: () => new minizlib.ZstdCompress({ ...options } as minizlib.ZlibOptions),
    awaiting: () => (LATER.createZstdCompress as (options: object) => Zlib)(options),
  }
}

function taken(output: Uint8Array[]): Uint8Array {
  return joined(output.splice(0))
}

function joined(parts: readonly Chunk[]): Uint8Array {
  const [only] = parts
  if (parts.length === 1 && typeof only === 'object') return only
  return Buffer.concat(parts.map((part) => Buffer.from(part as Uint8Array)))
}
