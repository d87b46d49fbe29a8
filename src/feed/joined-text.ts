// The word to a page that it has joined a group, and has all that it missed.

import type { Position } from '../contract/channels.ts'

/** @param recovered see `Joined.recovered` */
export function joinedText(
  group: string,
  position: Position | null,
  recovered: number | null,
): string {
  return JSON.stringify({ group, joined: true, recovered, ...position })
}
