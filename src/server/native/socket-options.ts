// How sockets are accepted, with TLS and without.

/** A client that ends its side may still read; and nothing that is written waits for more. */
export const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true } as const
