// Promises that other code settles. Their rejections never end the process, even if no code awaits them.

/** A promise with the two functions that settle it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(error: unknown): void
}

/** Makes a promise to settle later. A rejection that no code handles does not end the process. */
export function deferred<Value = void>(): Deferred<Value> {
  let resolve!: Deferred<Value>['resolve']
  let reject!: Deferred<Value>['reject']
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise: harmless(promise), resolve, reject }
}

/** Makes a rejected promise. The process continues even if no code handles the rejection. */
export function rejected(error: unknown): Promise<never> {
  return harmless(Promise.reject(error))
}

/** Returns `promise`, and marks its rejection as handled: an app that ignores the promise must not end the process. */
export function harmless<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(ignore)
  return promise
}

function ignore(): void {}
