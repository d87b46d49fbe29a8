// The names of a group in Redis. All names of a group have one hash tag, so that a cluster keeps them on one node.

/** The names of one group. */
export interface GroupKeys {
  /** The channel of its messages. */
  readonly channel: string
  /** The stream with its history. */
  readonly log: string
  /** The hash with its place: life of the server, epoch, offset, and the last batch of each publisher. */
  readonly place: string
}

/** The names of `group` below `prefix`. */
export function keysOf(prefix: string, group: string): GroupKeys {
  const channel = `${prefix}{${tagOf(group)}}`
  return { channel, log: `${channel}:log`, place: `${channel}:place` }
}

/** The hash tag of a group. A brace in its name would end the tag. */
export function tagOf(group: string): string {
  return group.replace(/[%{}]/g, encodeURIComponent)
}
