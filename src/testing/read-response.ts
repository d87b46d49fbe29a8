// Reads a whole response, for a request or for a denied handshake.

import { InvalidOptionError } from '../errors.ts'
import { TestResponse } from './test-response.ts'
import type { ResponsePipe } from './response-pipe.ts'
import type { MemoryHttpTransport } from './http-transport.ts'

/**
 * Reads the whole response of an exchange.
 *
 * @param leaveAfterBytes the number of bytes after which the client leaves; null if it stays
 * @throws {@link ResponseCutError} `ISTHMUS_TEST_RESPONSE_CUT` if the response is not whole
 */
export async function readResponse(
  transport: MemoryHttpTransport,
  leaveAfterBytes: number | null,
): Promise<TestResponse> {
  const { response, earlyHints } = transport
  const { status, headers, body } = await readWhole(response, (receivedBytes) => {
    if (leaveAfterBytes === null || receivedBytes < leaveAfterBytes) return
    transport.leave('the client left, as it was told to,')
  })
  if (leaveAfterBytes !== null) {
    throw new InvalidOptionError('the response was whole before the client could leave')
  }
  const { continued } = transport
  return new TestResponse({
    status,
    headers,
    body,
    trailers: response.trailers,
    earlyHints,
    continued,
  })
}

/** Reads the response that denied a WebSocket handshake. */
export async function readDenial(pipe: ResponsePipe): Promise<TestResponse> {
  const { status, headers, body } = await readWhole(pipe, () => undefined)
  return new TestResponse({
    status,
    headers,
    body,
    trailers: null,
    earlyHints: [],
    continued: false,
  })
}

async function readWhole(
  pipe: ResponsePipe,
  onProgress: (receivedBytes: number) => void,
): Promise<Pick<TestResponse, 'status' | 'body'> & { headers: Array<[string, string]> }> {
  const { status, headers } = await pipe.head
  const chunks: Uint8Array[] = []
  let receivedBytes = 0
  onProgress(0)
  for (let chunk = await pipe.read(); chunk; chunk = await pipe.read()) {
    chunks.push(chunk)
    receivedBytes += chunk.byteLength
    onProgress(receivedBytes)
  }
  return { status, headers, body: new Uint8Array(Buffer.concat(chunks)) }
}
