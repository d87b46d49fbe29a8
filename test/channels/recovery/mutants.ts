// The sources of channels with a planted fault: the test of recovery has to find each of them.

import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { Plugin } from 'esbuild'
import type { Implementation } from './stage.ts'

/** A change of one place in one file. */
export interface Mutation {
  name: string
  file: string
  from: string
  to: string
}

const CURSOR = 'history-cursor.ts'

/** The faults. */
export const MUTATIONS: readonly Mutation[] = [
  {
    name: 'duplicates are not dropped',
    file: CURSOR,
    from: `if (to.offset <= from.offset) return 'old'`,
    to: `if (to.offset <= from.offset) return 'next'`,
  },
  {
    name: 'holes are not seen',
    file: CURSOR,
    from: `return to.offset === from.offset + 1 ? 'next' : 'hole'`,
    to: `return 'next'`,
  },
  { name: 'held messages are ignored', file: CURSOR, from: 'held.push(event)', to: '' },
  {
    name: 'an interruption during a read is ignored',
    file: CURSOR,
    from: 'if (this.#held) this.#mustReadAgain = true',
    to: 'if (this.#held) return',
  },
  {
    name: 'the end of an epoch is not told',
    file: CURSOR,
    from: 'let hasGap = isOther && !isStart(since)',
    to: 'let hasGap = false',
  },
  {
    name: 'late messages of an epoch that is over are delivered',
    file: CURSOR,
    from: ` || (step === 'epoch' && wasKnown)`,
    to: '',
  },
  {
    name: 'lost messages of the history are not told',
    file: CURSOR,
    from: `this.#sink.onGap(gapEvent(this.#group.name, 'history', lost, this.#position))`,
    to: '',
  },
  {
    name: 'a joining consumer becomes a member before its place is that of the others',
    file: 'group.ts',
    from: 'if (!isSamePlace(cursor.place, this.#cursor.place)) return',
    to: '',
  },
  {
    name: 'losses of publishers are not told',
    file: 'group.ts',
    from: 'if (gap) this.#tell(gap, 0)',
    to: '',
  },
  {
    name: 'interruptions of groups without a history are not told',
    file: 'group.ts',
    from: `if (this.#parts.historySize === 0) return this.#tellGap('broker', null)`,
    to: 'if (this.#parts.historySize === 0) return',
  },
  {
    name: 'a slow consumer is not told its losses',
    file: 'event-queue.ts',
    from: `this.#addLoss(group, 'gap' in entry ? entry.gap.lost : 1)`,
    to: '',
  },
  {
    name: 'the events that wait stay when a group is joined again',
    file: 'subscription.ts',
    from: 'if (this.#groups.includes(group)) this.#queue?.remove(group)',
    to: 'if (this.#groups.includes(group)) this.#queue?.remove("")',
  },
]

const ENTRY = `
export { LocalChannels } from './local-channels.ts'
export { MemoryBroker } from './memory/broker.ts'
export { settingsOf } from './options.ts'
`

/** Builds the sources with a mutation, and loads them. */
export async function mutant(mutation: Mutation): Promise<Implementation> {
  const folder = fileURLToPath(new URL('../../../src/channels', import.meta.url))
  const outfile = `${import.meta.dirname}/.mutant-${process.pid}-${MUTATIONS.indexOf(mutation)}.mjs`
  try {
    await build({
      stdin: { contents: ENTRY, resolveDir: folder, loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile,
      plugins: [planting(mutation)],
    })
    return (await import(pathToFileURL(outfile).href)) as Implementation
  } finally {
    await rm(outfile, { force: true })
  }
}

function planting({ file, from, to }: Mutation): Plugin {
  return {
    name: 'planting',
    setup: (bundle) => {
      bundle.onLoad(
        { filter: new RegExp(`channels/${file.replace('.', '\\.')}$`) },
        async ({ path }) => {
          const source = await readFile(path, 'utf8')
          if (source.split(from).length !== 2)
            throw new Error(`${file} does not have once: ${from}`)
          return { contents: source.replace(from, to), loader: 'ts' }
        },
      )
    },
  }
}
