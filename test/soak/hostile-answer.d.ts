/** The answer to a request with this token and body, of `size` bytes. */
export function answerTo(token: string, body: Uint8Array, size: number): string
