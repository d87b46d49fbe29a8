// The facts that all servers after a proxy share.

/** The longest body that `/limit` takes, in bytes. */
export const LIMIT = 1024 * 1024

/** The answer of `/facts`, in JSON: the client and the scheme as the app sees them, and the fields of the proxy. */
export function factsOf(client, scheme, headers) {
  const told = headers.filter(([name]) => /^(?:x-forwarded-|x-real-ip$|forwarded$|via$)/.test(name))
  return JSON.stringify({ client, scheme, told })
}
