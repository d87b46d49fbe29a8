// The inspector of a development server: the process of the app has it, at the place that --inspect names.

import inspector from 'node:inspector'

/** The place of an inspector. */
export interface InspectorPlace {
  readonly host: string
  readonly port: number
  /** Whether a load waits for the debugger, as with `--inspect-brk`. */
  readonly isAwaited: boolean
}

const FLAG = /^--inspect(-brk|-wait)?(?:=|$)/
/** The option of a process that shall not take the place of its parent; it also wins over NODE_OPTIONS. */
export const WITHOUT_INSPECTOR = '--no-inspect'

/**
 * Closes the inspector of this process.
 *
 * @param words the options of Node, also those of NODE_OPTIONS
 * @returns its place; null if these options do not open it: an editor that opens one in each process attaches to all of them
 */
export function takeInspector(words: readonly string[]): InspectorPlace | null {
  const url = inspector.url()
  const flags = words.flatMap((word) => FLAG.exec(word) ?? []).filter(Boolean)
  if (url === undefined || flags.length === 0) return null
  inspector.close()
  const { hostname, port } = new URL(url)
  const host = hostname.replaceAll(/[[\]]/g, '')
  return { host, port: Number(port), isAwaited: flags.some((flag) => /-(?:brk|wait)$/.test(flag)) }
}

/** Opens the inspector of this process. */
export function openInspector({ host, port, isAwaited }: InspectorPlace): void {
  inspector.open(port, host, isAwaited)
}
