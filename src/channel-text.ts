// The JSON text of channels, as pages get it: the parts that channels and their consumers share.

import type { Joined, Position } from './contract/channels.ts'

/** The members of JSON text that name a position: `,"epoch":"…","offset":7`. */
export function placeOf(position: Position | null): string {
  if (position === null) return ''
  return `,"epoch":${JSON.stringify(position.epoch)},"offset":${position.offset}`
}

/** The text that tells a page the end of a join: `{"group":"board","joined":true,"recovered":3,"epoch":"…","offset":12}`. */
export function joinedText(group: string, { recovered, position }: Joined): string {
  return `{"group":${JSON.stringify(group)},"joined":true,"recovered":${recovered}${placeOf(position)}}`
}
