// The options of the server that the bridges read.

/** The server options that the bridges read: how sync apps are hosted. */
export interface Hosting {
  /** Strings that are added to every environ. */
  readonly environ: Readonly<Record<string, string>>
  /** The most bytes of a request body that stay in memory for an inline sync app. A longer body goes into a temporary file. */
  readonly maxInlineBodyBytes: number
  /** Whether apps in threads() run inline instead, for a comparison of the two. */
  readonly inlineThreads: boolean
}
