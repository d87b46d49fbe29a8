// The looks that many cases take.

import { fieldOf, statusOf, takeResponse, valuesOf } from './message.ts'
import type { Place } from './case.ts'
import type { Message } from './message.ts'

type Look = (place: Place) => Promise<string>

/** Sends a request, and says the fact that `pick` finds in the request at the upstream. */
export function forwarded(request: string, pick: (got: Message) => string): Look {
  return async ({ client, upstream }) => {
    const wire = await client()
    wire.send(request)
    const response = await takeResponse(wire)
    const [got] = upstream.requests
    return got === undefined ? String(statusOf(response)) : pick(got)
  }
}

/** Sends a request, and says the fact that `pick` finds in the response at the client. */
export function returned(request: string, pick: (response: Message) => string): Look {
  return async ({ client }) => {
    const wire = await client()
    wire.send(request)
    return pick(await takeResponse(wire, request.split(' ', 1)[0]))
  }
}

/** Sends a request, and says the status and whether the body was whole. */
export function ending(request: string): Look {
  return async ({ client }) => {
    const wire = await client()
    wire.send(request)
    return orEnding(async () => outcomeOf(await takeResponse(wire)))
  }
}

/** The status, and whether the body was whole. */
export function outcomeOf(response: Message): string {
  const status = statusOf(response)
  if (Number.isNaN(status)) return `"${response.start}"`
  return `${status}, ${response.isWhole ? 'whole' : 'cut'}`
}

/** The text of `look`, or that of its error: how the wire ended. */
export async function orEnding(look: () => Promise<string>): Promise<string> {
  try {
    return await look()
  } catch (error) {
    return (error as Error).message
  }
}

/** `name: value` for each field of that name, or `removed`. */
export function fields(message: Pick<Message, 'lines'>, ...names: string[]): string {
  const lines = names.flatMap((name) => valuesOf(message, name).map((value) => `${name}: ${value}`))
  return lines.length > 0 ? lines.join('; ') : 'removed'
}

/** Whether each field passes: `x passes, y removed`. */
export function passing(message: Pick<Message, 'lines'>, ...names: string[]): string {
  const isThere = (name: string): boolean => fieldOf(message, name) !== undefined
  const groups = [
    { label: 'passes', found: names.filter(isThere) },
    { label: 'removed', found: names.filter((name) => !isThere(name)) },
  ].filter(({ found }) => found.length > 0)
  if (groups.length === 1) return groups[0]?.label ?? ''
  return groups.map(({ label, found }) => `${found.join(', ')}: ${label}`).join('; ')
}
