// The types of packages that have none of their own.

declare module 'etag' {
  /** Makes the entity tag of a body: its length and a hash. */
  function etag(body: string | Buffer, options?: { weak?: boolean }): string
  export = etag
}

declare module 'fresh' {
  type Fields = Record<string, string | undefined>
  /** Whether a client has the response already, by its fields `if-none-match` and `if-modified-since`. */
  function fresh(request: Fields, response: Fields): boolean
  export = fresh
}
