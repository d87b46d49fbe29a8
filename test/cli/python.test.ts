// Apps of Python on the command line: their flags, and the reports of their failures.

import { describe, expect, it } from 'vitest'
import { hasPython } from '../hosting/python-there.ts'
import { Command, get, linesWith, run } from './command.ts'

const FOLDER = 'test/fixtures/cli/python'
const PYTHON = ['--python', 'python3', '--python-processes', '1', '--python-cwd', FOLDER]
const ENV = { PYTHONDONTWRITEBYTECODE: '1' }

/** The end of `isthmus serve APP` without a log. */
async function failure(app: string, ...words: string[]) {
  const command = ['serve', app, '--port', '0', '--log-level', 'silent', ...PYTHON, ...words]
  const { status, stdout, stderr } = await run(command, ENV)
  expect(stdout).toBe('')
  const [line, ...traceback] = stderr.trimEnd().split('\n')
  return { status, line, traceback }
}

describe.skipIf(!hasPython)(
  'isthmus serve python:…; needs Python 3.9',
  { timeout: 180_000 },
  () => {
    it('serves a WSGI app, and an ASGI app beside it, with the options of the flags', async () => {
      const words = ['serve', 'python:shop', '--port', '0', '--mount', '/live=python:shop:live']
      using command = new Command([...words, ...PYTHON, '--python-threads', '2'], ENV)
      const url = await command.url()
      expect(await get(`${url}/a`)).toBe('python ||/a| True')
      expect(await get(`${url}/live`)).toBe('live')
      command.signal('SIGTERM')
      expect((await command.ended()).status).toBe(0)
    })

    it('serves the app of a factory beside an app of JavaScript, also without threads', async () => {
      const words = ['serve', 'test/fixtures/cli/hello.js', '--mount', '/shop=python:shop:make()']
      using command = new Command([...words, ...PYTHON, '--port', '0', '--threads', '0'], ENV)
      const url = await command.url()
      expect(await get(`${url}/a`)).toBe('hello |/a|')
      expect(await get(`${url}/shop/a`)).toBe('python |/shop|/a| False')
    })

    it.each([
      ['python:nowhere:app', /there is no module 'nowhere' in \S+ or in the path of Python$/],
      ['python:shop:nope', /the module shop has no attribute 'nope'; these look like apps: appl/],
      ['python:shop:number', /: it is an int, which is not callable$/],
    ])('exits with 2 and one line if there is no such app: %s', async (app, reason) => {
      const { status, line, traceback } = await failure(app)
      expect([status, traceback]).toEqual([2, []])
      expect(line?.startsWith(`isthmus: cannot load ${app}: `)).toBe(true)
      expect(line).toMatch(reason)
    })

    it.each([
      ['broken', 'the module broken cannot be imported: RuntimeError: no database', 'RuntimeError'],
      [
        'lost',
        "the module lost imports 'nowhere_at_all', which is not there",
        'ModuleNotFoundError',
      ],
      ['malformed', 'the module malformed cannot be imported: SyntaxError: ', 'SyntaxError'],
    ])('exits with 1 and the traceback if the module raises: %s', async (name, reason, error) => {
      const { status, line, traceback } = await failure(`python:${name}`)
      expect(status).toBe(1)
      expect(line?.startsWith(`isthmus: cannot load python:${name}: ${reason}`)).toBe(true)
      expect(traceback[0]).toMatch(/^ +File |^Traceback \(most recent call last\):$/)
      expect(traceback.join('\n')).toContain(`/${name}.py", line `)
      expect(traceback.at(-1)?.startsWith(`${error}: `)).toBe(true)
    })

    it('has the traceback in the log, too', async () => {
      const { stderr } = await run(['serve', 'python:broken', '--port', '0', ...PYTHON], ENV)
      const [logged] = linesWith('a process could not load its app', stderr)
      expect(logged).toMatchObject({ err: { stack: expect.stringContaining('broken.py') } })
    })
  },
)

describe('the flags of Python', { timeout: 180_000 }, () => {
  it('name a program and a folder that exist', async () => {
    const program = await failure('python:shop', '--python', '/nowhere/python3')
    expect(program).toEqual({
      status: 2,
      line: expect.stringMatching(
        /cannot load python:shop: \/nowhere\/python3 cannot be started: /,
      ),
      traceback: [],
    })
    expect(program.line).toContain('(--python)')
    expect(await failure('python:shop', '--python-cwd', '/nowhere')).toEqual({
      status: 2,
      line: 'isthmus: --python-cwd /nowhere is not a folder',
      traceback: [],
    })
  })
})
