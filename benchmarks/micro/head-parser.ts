// The cost of parsing a request head: bare and with the fields of a browser, repeated and new fields, whole and in pieces.
//
//   npm run bench:micro -- head-parser

import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { Bench } from 'tinybench'
import { HeadParser } from '../../src/server/native/parser/head-parser.ts'

const LIMITS = { maxHeadBytes: 16_384, maxRequestLineBytes: 8_192, maxHeaderFields: 100 }
const ENDS = { client: null, server: null, secure: false, tls: null }
const HEADS = 100
const BROWSER_FIELDS = [
  'Host: 127.0.0.1:8000',
  'Connection: keep-alive',
  'Cache-Control: max-age=0',
  'sec-ch-ua: "Chromium";v="140", "Not=A?Brand";v="24"',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br, zstd',
  'Accept-Language: en-GB,en;q=0.9,de;q=0.8',
]
const head = (target: string, fields: readonly string[]): Buffer =>
  Buffer.from([`GET ${target} HTTP/1.1`, ...fields, '', ''].join('\r\n'), 'latin1')

// Two heads in turns: neither repeats the fields of the head before.
const HOST = BROWSER_FIELDS.slice(0, 1)
const bare = [head('/a', HOST), head('/b', ['Host: localhost:8000'])]
const browser = [head('/a', BROWSER_FIELDS), head('/b', [...BROWSER_FIELDS.slice(0, -1), 'DNT: 1'])]
const pages = [head('/a?page=1', BROWSER_FIELDS), head('/a?page=2', BROWSER_FIELDS)]

const { values } = parseArgs({ options: { json: { type: 'string' } } })
const bench = new Bench({ time: 1_000, warmupTime: 300 })
add('bare, another Host every time', bare)
add('bare, the same again', bare.slice(0, 1))
add('nine browser fields, others every time', browser)
add('nine browser fields, the same for another page', pages)
add('nine browser fields, the same again', browser.slice(0, 1))
add('nine browser fields, others every time, in two pieces', browser.flatMap(halves))
add('nine browser fields, others every time, byte by byte', browser.flatMap(octets))
await bench.run()

const rows = bench.tasks.map(({ name, result }) => {
  if (!('latency' in result)) throw new Error(`${name} was not measured`)
  const { p50, min } = result.latency
  return { name, median: nanoseconds(p50), least: nanoseconds(min) }
})
console.log('nanoseconds a head')
console.table(rows)
if (values.json !== undefined) {
  const machine = `${cpus()[0]?.model.trim()} × ${cpus().length}`
  const report = { date: new Date().toISOString(), node: process.version, machine, rows }
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
}

function nanoseconds(milliseconds: number): number {
  return Math.round((milliseconds * 1_000_000) / HEADS)
}

// Many heads in a run: the clock is coarser than one head.
function add(name: string, pieces: readonly Buffer[]): void {
  const parser = new HeadParser(LIMITS, ENDS)
  bench.add(name, () => {
    let heads = 0
    for (let index = 0; heads < HEADS; index++) {
      const piece = pieces[index % pieces.length] as Buffer
      if (parser.parse(piece, 0) >= 0) heads += 1
    }
  })
}

function octets(bytes: Buffer): Buffer[] {
  return Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))
}

function halves(bytes: Buffer): Buffer[] {
  const middle = bytes.length >> 1
  return [bytes.subarray(0, middle), bytes.subarray(middle)]
}
