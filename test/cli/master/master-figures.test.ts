// The figures of workers in their master, and its operator, with workers in memory.

import { describe, expect, it } from 'vitest'
import type { MasterFigures } from '../../../src/cli/master/master-figures.ts'
import { MasterOperator } from '../../../src/cli/master/master-operator.ts'
import { WorkerOperator } from '../../../src/cli/serve/worker-operator.ts'
import { iterable, mount, serve } from '../../../src/index.ts'
import { migrate } from '../../../src/migrate.ts'
import { SILENT_LOG } from '../../../src/silent-log.ts'
import { deferred } from '../../../src/waiting/deferred.ts'
import { peers } from './peers.ts'
import type { Server } from '../../../src/server/serve.ts'
import type { FakePeer } from './peers.ts'

type Member = Parameters<MasterFigures['started']>[0]

const OPTIONS = { control: null, metrics: null, migrateState: null }

const answering = (text: string) =>
  iterable(async function* (_environ, startResponse) {
    startResponse('200 OK', [])
    yield text
  })

interface Worker extends AsyncDisposable {
  member: Member
  end: FakePeer
  operator: WorkerOperator
  server: Server
  /** The answer to a request. */
  get(path?: string): Promise<string>
}

/** Starts a server that is the worker `number` of `figures`, in this process. */
async function started(figures: MasterFigures, number: number): Promise<Worker> {
  const [end, own] = peers(1_000 + number)
  const member: Member = { number, child: end }
  figures.started(member)
  const migration = migrate({ from: answering('old'), to: answering('new') })
  const app = mount({ '/orders': migration, '/': answering('home') })
  const operator = new WorkerOperator(app, '', { own, log: SILENT_LOG })
  await operator.prepare()
  const server = await serve(app, { port: 0, figures: true, log: null })
  await operator.open(server)
  figures.ready(member)
  return {
    member,
    end,
    operator,
    server,
    get: (path = '/') => fetch(server.url + path).then((response) => response.text()),
    [Symbol.asyncDispose]: async () => void (await server.close({ graceMs: 0 })),
  }
}

function crew(): MasterOperator {
  return new MasterOperator(OPTIONS, SILENT_LOG, async () => ({ workers: 0, pools: 0, errors: [] }))
}

async function total(figures: MasterFigures): Promise<number> {
  return (await figures.collect(false)).report.requests.total
}

describe('the figures of the workers in their master', () => {
  it('are those of all, and stay when a worker has drained', async () => {
    const { figures } = crew()
    await using one = await started(figures, 1)
    await using two = await started(figures, 2)
    await one.get()
    await two.get()
    await two.get()
    expect(await total(figures)).toBe(3)

    await two.get()
    figures.drains(two.member)
    await two.operator.close(() => two.server.close({ graceMs: 0 }))
    figures.ended(two.member, false)
    const { report } = await figures.collect(false)
    expect(report.requests).toEqual({ inFlight: 0, total: 4 })
    expect(report.workers.map(({ worker, crashes }) => [worker, crashes])).toEqual([[1, 0]])
    expect(report.isComplete).toBe(true)
  })

  it('are the last known ones of a worker that is silent, and of one that has crashed', async () => {
    const { figures } = crew()
    await using one = await started(figures, 1)
    await using two = await started(figures, 2)
    await two.get()
    expect(await total(figures)).toBe(1)

    await two.get()
    two.end.other = undefined
    const { report } = await figures.collect(false)
    expect([report.requests.total, report.isComplete]).toEqual([1, false])
    expect(report.workers.map(({ answered }) => answered)).toEqual([true, false])
    figures.ended(two.member, true)
    await using three = await started(figures, 2)
    await one.get()
    await three.get()
    const after = (await figures.collect(false)).report
    expect(after.requests.total).toBe(3)
    expect(after.workers[1]).toMatchObject({ worker: 2, predecessors: 1, crashes: 1 })
  })

  it('are 0 of a worker that starts', async () => {
    const { figures } = crew()
    const [end] = peers()
    figures.started({ number: 1, child: end })
    end.end()
    const { report } = await figures.collect(false)
    expect(report.workers).toMatchObject([{ state: 'starting', answered: false }])
    expect(report.isComplete).toBe(true)
  })

  it('have the metrics of each process', async () => {
    const { figures } = crew()
    await using one = await started(figures, 1)
    await one.get()
    const { metrics } = await figures.collect(true)
    expect([...metrics.keys()]).toEqual(['1'])
    expect(metrics.get('1')?.map(({ name }) => name)).toContain('process_resident_memory_bytes')
    expect((await figures.collect(false)).metrics.size).toBe(0)
  })
})

describe('a change of a migration', () => {
  it('is made by each worker, and by those that start later', async () => {
    const operator = crew()
    await using one = await started(operator.figures, 1)
    await using two = await started(operator.figures, 2)
    expect(await operator.paths()).toEqual(['/orders'])
    expect(await operator.set('/orders', { share: 1 })).toMatchObject({ share: 1 })
    expect([await one.get('/orders'), await two.get('/orders')]).toEqual(['new', 'new'])

    const gate = deferred()
    one.end.gate = gate.promise
    const changing = operator.set('/orders', { share: 1 })
    await using three = await started(operator.figures, 3)
    gate.resolve()
    await changing
    expect(await three.get('/orders')).toBe('new')
  })

  it('is refused with the reason of the workers', async () => {
    const operator = crew()
    await expect(operator.set('/orders', { share: 1 })).rejects.toMatchObject({ status: 503 })
    await using _one = await started(operator.figures, 1)
    await expect(operator.set('/nowhere', { share: 1 })).rejects.toThrow(
      'there is no migration at /nowhere',
    )
  })
})
