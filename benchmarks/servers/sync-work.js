// The sync app that keeps its thread busy, then answers as hello does.

import hello from './sync-hello.js'

const WORK_MS = 20

/** By the clock, so that every language works equally long. */
export function work() {
  const until = performance.now() + WORK_MS
  while (performance.now() < until);
}

export default function busyApp(environ, startResponse) {
  work()
  return hello(environ, startResponse)
}
