// What wrk prints, read.

import { describe, expect, it } from 'vitest'
import { parseWrk } from '../../benchmarks/wrk.ts'

const OUTPUT = `Running 5s test @ http://127.0.0.1:8000/
  1 threads and 32 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   365.93us   98.13us   5.39ms   96.48%
    Req/Sec    87.62k     3.31k   91.35k    88.24%
  444567 requests in 5.10s, 79.28MB read
Requests/sec:  87170.11
Transfer/sec:     15.54MB
`

describe('parseWrk', () => {
  it('takes the requests and their rate', () => {
    expect(parseWrk(OUTPUT)).toEqual({ requests: 444_567, perSecond: 87_170.11 })
  })

  it.each(['Socket errors: connect 0, read 3, write 0, timeout 0', 'Non-2xx or 3xx responses: 7'])(
    'does not count failures as work: %s',
    (line) => {
      const output = OUTPUT.replace('Requests/sec', `  ${line}\nRequests/sec`)
      expect(() => parseWrk(output)).toThrow(`wrk: ${line}`)
    },
  )

  it('refuses a run without a single request', () => {
    const output = OUTPUT.replace('444567', '0').replace('87170.11', '0.00')
    expect(() => parseWrk(output)).toThrow('wrk answered nothing that can be read')
  })

  it('refuses what is not of wrk', () => {
    expect(() => parseWrk('')).toThrow('wrk answered nothing that can be read: ""')
  })
})
