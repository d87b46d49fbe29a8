// How much of a body may be under way between a gateway and a host.

/** Bytes of a request body that are sent unasked. */
export const BODY_WINDOW: number = 64 * 1024

/** Bytes of a response that are sent without a credit. */
export const RESPONSE_WINDOW: number = 256 * 1024
