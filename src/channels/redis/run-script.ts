// Runs a script by its digest, and sends its text only if the server does not know it.

import type { Argument, NodeClient } from './client.ts'
import type { Script } from './scripts.ts'

/** The answer of the script, its strings as Buffers. */
export async function runScript(
  client: NodeClient,
  { sha, text }: Script,
  keys: readonly string[],
  values: readonly Argument[],
): Promise<unknown> {
  const rest = [String(keys.length), ...keys, ...values]
  try {
    return await client.sendCommand(['EVALSHA', sha, ...rest], BUFFERS)
  } catch (error) {
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return await client.sendCommand(['EVAL', text, ...rest], BUFFERS)
  }
}

// The type of bulk strings in the protocol is `$`.
const BUFFERS = { typeMapping: { [0x24]: Buffer } }
