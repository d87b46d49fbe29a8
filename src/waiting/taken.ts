// The promise of an event that was taken at once.

/**
 * A fulfilled promise that `send` of the server returns for each event that it takes without waiting. A caller that gets
 * this very promise knows that the event was not refused, and adds no handler to it.
 */
export const TAKEN: Promise<void> = Promise.resolve()
