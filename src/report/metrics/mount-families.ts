// The metrics of the server and of its mounts. The names of HTTP are those of the conventions of OpenTelemetry.

import { counter, gauge, sample } from './family.ts'
import type { DurationCounts, MountReport } from '../../contract/report.ts'
import type { Family, Labels, Sample, Samples } from './family.ts'

/** The families of the server and of its mounts. */
export const MOUNT_FAMILIES: readonly Family[] = [
  counter(
    'http_server_requests_total',
    'Requests whose response had a status, by its first digit.',
    eachMount(({ requests }, labels) =>
      Object.entries(requests.byClass).map(([digit, count]) =>
        sample({ ...labels, class: `${digit}xx` }, count),
      ),
    ),
  ),
  {
    name: 'http_server_request_duration_seconds',
    kind: 'histogram',
    help: 'From the head of the request to the last byte of the response.',
    samples: eachMount(({ latencyCounts }, labels) => histogram(latencyCounts, labels)),
  },
  gauge(
    'http_server_active_requests',
    'Requests in flight.',
    eachMount(({ requests }, labels) => [sample(labels, requests.inFlight)]),
  ),
  counter(
    'http_server_broken_requests_total',
    'Requests that ended before the last byte: the client left, or the response broke off.',
    eachMount(({ requests }, labels) => [
      sample({ ...labels, outcome: 'disconnected' }, requests.disconnected),
      sample({ ...labels, outcome: 'aborted' }, requests.aborted),
    ]),
  ),
  counter(
    'http_server_refused_requests_total',
    'Requests and handshakes above maxConcurrency.',
    (report) => [sample({}, report.refused)],
  ),
  gauge(
    'isthmus_websockets_open',
    'WebSockets from the handshake to the close.',
    eachMount(({ webSockets }, labels) => [sample(labels, webSockets.open)]),
  ),
  counter(
    'isthmus_websockets_total',
    'Handshakes of WebSockets.',
    eachMount(({ webSockets }, labels) => [sample(labels, webSockets.total)]),
  ),
  counter(
    'isthmus_loop_busy_seconds_total',
    'Time that the app has taken the event loop for itself.',
    eachMount(({ loop }, labels) => [sample(labels, loop.busyMs / 1000)]),
  ),
  counter(
    'isthmus_loop_blocks_total',
    'Times that the app has held the event loop for too long.',
    eachMount(({ loop }, labels) => [sample(labels, loop.blocks)]),
  ),
  gauge(
    'isthmus_loop_longest_block_seconds',
    'The longest one since the start.',
    eachMount(({ loop }, labels) => [sample(labels, loop.longestBlockMs / 1000)]),
  ),
  gauge(
    'isthmus_loop_utilization_ratio',
    'Busy part of the event loop in the last minute.',
    (report) => [sample({}, report.process.loopUtilization)],
  ),
  gauge(
    'isthmus_mount_info',
    'The style and the hosting of the app at a mount.',
    eachMount(({ style, hosting }, labels) => [
      sample({ ...labels, style: style ?? '', hosting }, 1),
    ]),
  ),
]

function eachMount(samplesOf: (mount: MountReport, labels: Labels) => Sample[]): Samples {
  return ({ mounts }) => mounts.flatMap((mount) => samplesOf(mount, { mount: mount.path }))
}

function histogram({ count, sumMs, upTo }: DurationCounts, labels: Labels): Sample[] {
  const bucket = (le: string, value: number): Sample => ({
    labels: { ...labels, le },
    value,
    suffix: '_bucket',
  })
  return [
    ...upTo.map((bound) => bucket(String(bound.ms / 1000), bound.count)),
    bucket('+Inf', count),
    { labels, value: sumMs / 1000, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ]
}
