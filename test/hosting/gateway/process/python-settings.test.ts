// The options of python(): the forms of its app, the program of Python, and mistakes.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { python } from 'isthmus'
import { testClient } from 'isthmus/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { pythonSettings } from '../../../../src/hosting/gateway/process/python-settings.ts'
import type { PythonOptions } from 'isthmus'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isthmus-python-'))
  await mkdir(join(folder, '.venv/bin'), { recursive: true })
  // No program: a file that cannot be run.
  await writeFile(join(folder, '.venv/bin/python'), '')
})
afterAll(() => rm(folder, { recursive: true }))

/** The message of a pool whose program cannot be started: it names the program. */
async function failureOf(options: PythonOptions): Promise<string> {
  const app = python('shop', { processes: 1, env: { PATH: '/nowhere' }, ...options })
  try {
    await using _client = await testClient(app)
    return 'started'
  } catch (error) {
    return errorsOf(error).join(' ')
  }
}

function errorsOf(error: unknown): string[] {
  return error instanceof Error ? [error.message, ...errorsOf(error.cause)] : []
}

describe('the app of python()', () => {
  it.each([
    'shop',
    'shop.wsgi',
    'shop.wsgi:application',
    'shop:create_app()',
    'shop:site.app',
    '_shop2:_app',
    'läden.größe:äpp',
  ])('may be %s', (spec) => {
    expect(() => pythonSettings(spec, {})).not.toThrow()
  })

  it.each(['', 'shop/wsgi', 'shop:', ':app', '2shop', 'shop:create_app(1)', 'a:b:c'])(
    'cannot be %j',
    (spec) => {
      expect(() => pythonSettings(spec, {})).toThrow(
        `python(): the app cannot be ${JSON.stringify(spec)}: write "module:attribute"`,
      )
    },
  )

  it('is a module, and the message says so about a file', () => {
    expect(() => pythonSettings('./shop.py', {})).toThrow(
      'it is the name of a module, and not of a file',
    )
  })
})

describe('the processes and threads', () => {
  it('are one per core, with one thread each', () => {
    const one = pythonSettings('shop', { processes: 3, threads: 4 })
    expect([one.min, one.max, one.slots]).toEqual([3, 3, 4])
    const { min, max, slots } = pythonSettings('shop', {})
    expect([min === max, min > 0, slots]).toEqual([true, true, 1])
  })
})

describe('buffering', () => {
  it('is for WSGI alone, unless the option is given', () => {
    const bounds = (buffering: PythonOptions['buffering']): boolean =>
      pythonSettings('shop', { buffering }).streams
    expect([undefined, false, {}].map((given) => bounds(given as false))).toEqual([
      true,
      true,
      false,
    ])
  })
})

describe('the program of Python', () => {
  it('is python3 in the PATH of the processes', async () => {
    expect(await failureOf({})).toContain('python3 cannot be started')
  })

  it('is that of an environment in the working directory', async () => {
    const message = await failureOf({ cwd: folder })
    expect(message).toContain(`${folder}/.venv/bin/python cannot be started`)
  })

  it('is that of an activated environment', async () => {
    const env = { VIRTUAL_ENV: '/nowhere/else' }
    const message = await failureOf({ cwd: folder, env })
    expect(message).toContain('/nowhere/else/bin/python cannot be started')
  })

  it('is the given one, relative to the working directory of the server', async () => {
    const env = { VIRTUAL_ENV: '/nowhere/else' }
    const message = await failureOf({ cwd: folder, env, python: 'no/python3.99' })
    expect(message).toContain(`${process.cwd()}/no/python3.99 cannot be started`)
    expect(message).toContain('Name the program of Python in the option python')
  })
})
