// isthmus beside real proxies and clients. npm run proxies -- --help

import { existsSync } from 'node:fs'
import { textTable } from '../../benchmarks/table.ts'
import { facts } from './facts.ts'
import { keepAlive } from './keep-alive.ts'
import { HELP, parseOptions } from './options.ts'
import { restarts } from './restarts.ts'
import { missing } from './tools.ts'
import { upgrades } from './upgrades.ts'
import { uploads } from './uploads.ts'
import type { Options, Outcome, PartName } from './options.ts'
import type { ProxyName } from './proxy-config.ts'

const RUN: Record<PartName, (options: Options) => Promise<Outcome>> = {
  uploads,
  restarts,
  'keep-alive': keepAlive,
  upgrades,
  facts,
}
/** The server whose faults are shown and do not fail the run. */
const CONTROL = 'node:http'

try {
  process.exitCode = await main(parseOptions(process.argv.slice(2)))
} catch (error) {
  console.error(`proxies: ${(error as Error).message}`)
  process.exitCode = 2
}

async function main(options: Options): Promise<number> {
  if (options.isHelp) {
    console.log(HELP)
    return 0
  }
  if (!existsSync(new URL('../../dist/index.js', import.meta.url))) {
    throw new Error(
      'there is no dist: the servers run the built package, so `npm run build` comes first',
    )
  }
  const { proxies, skipped } = installed(options.proxies)
  for (const line of skipped) console.log(`skipped: ${line}`)

  let faults = 0
  for (const part of options.parts) {
    const outcome = await RUN[part]({ ...options, proxies })
    print(outcome)
    faults += outcome.faults.filter((fault) => !fault.includes(CONTROL)).length
  }
  console.log(faults === 0 ? '\nno fault' : `\n${faults} kinds of faults`)
  return faults === 0 ? 0 : 1
}

function installed(proxies: readonly ProxyName[]): { proxies: ProxyName[]; skipped: string[] } {
  const found = proxies.map((proxy) => {
    return { proxy, why: missing(proxy === 'nginx-unbuffered' ? 'nginx' : proxy) }
  })
  return {
    proxies: found.filter(({ why }) => why === null).map(({ proxy }) => proxy),
    skipped: [...new Set(found.flatMap(({ why }) => why ?? []))],
  }
}

function print({ table, faults, skipped }: Outcome): void {
  console.log(`\n${textTable(table)}`)
  for (const fault of faults) console.log(`  ${fault}`)
  for (const line of new Set(skipped)) console.log(`  skipped: ${line}`)
}
