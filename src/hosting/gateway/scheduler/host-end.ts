// The end of a host, as the scheduler orders it.

/** The reason why the scheduler ends a host. */
export type HostEnd =
  | { reason: 'idle' | 'worn' | 'maxRequests' | 'reload' | 'closed' }
  /** The app could not be loaded, or not in time. */
  | { reason: 'loadFailed'; error: Error }
  /**
   * A request had its time; or, if `isIdle`, the rest of a request that is over. `sample` is the text that the shell
   * has found when it inspected the host.
   */
  | { reason: 'timedOut'; isIdle: boolean; sample: string | undefined }
