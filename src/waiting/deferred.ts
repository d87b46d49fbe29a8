// Promises that somebody else settles, and that never end the process when nobody awaits them.

/** A promise with the two functions that settle it. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>
  resolve(value: Value): void
  reject(error: unknown): void
}

/** A promise to settle later. */
export function deferred<Value = void>(): Deferred<Value> {
  let resolve!: Deferred<Value>['resolve']
  let reject!: Deferred<Value>['reject']
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise: harmless(promise), resolve, reject }
}

/** A promise that is rejected already. */
export function rejected(error: unknown): Promise<never> {
  return harmless(Promise.reject(error))
}

/** Takes the sting out of a rejection that the app does not await: it is the app's loss, not the process's end. */
export function harmless<Value>(promise: Promise<Value>): Promise<Value> {
  promise.catch(ignore)
  return promise
}

function ignore(): void {}
