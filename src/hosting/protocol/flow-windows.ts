// The windows of flow control: the bytes that may be on the way between a gateway and a host at once.

/** Bytes of a request body that are sent before the receiver asks for more. */
export const BODY_WINDOW_BYTES: number = 64 * 1024

/** Bytes of a response that are sent before the receiver gives credit. */
export const RESPONSE_WINDOW_BYTES: number = 256 * 1024

/** The weight of WebSocket messages that are sent in one direction before the receiver asks for more, or gives credit. */
export const MESSAGE_WINDOW_BYTES: number = 256 * 1024
