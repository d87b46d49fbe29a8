// From flags to the options of python().

import { describe, expect, it } from 'vitest'
import { PYTHON_FLAG_DEFAULTS, pythonOptions } from '../../src/cli/python-options.ts'
import { pythonSettings } from '../../src/hosting/gateway/process/python-settings.ts'
import type { PythonOptions } from '../../src/hosting/gateway/process/python-settings.ts'

/** The settings of a pool, without its functions. */
function settings(options: PythonOptions): object {
  const { process: _process, ...others } = pythonSettings('shop', options)
  return others
}

describe('the flags of pools of Python', () => {
  it('are by default the defaults of python()', () => {
    expect(settings(pythonOptions(PYTHON_FLAG_DEFAULTS))).toEqual(settings({}))
  })

  it('reach the pool', () => {
    const flags = { python: '/opt/python', cwd: 'src', processes: 3, threads: 2, timeoutMs: 60_000 }
    const options = pythonOptions({ ...PYTHON_FLAG_DEFAULTS, ...flags, buffering: false })
    expect(options).toMatchObject({ python: '/opt/python', cwd: 'src' })
    expect(settings(options)).toMatchObject({
      min: 3,
      max: 3,
      slots: 2,
      timeoutMs: 60_000,
      buffering: { maxRequestMemoryBytes: 0 },
      streams: true,
    })
  })
})
