// The names of the styles of apps, for a command line and for options.

/** The names of the three styles, and of the adapters for apps of other frameworks. */
export const STYLE_NAMES = ['sync', 'iterable', 'events', 'node', 'fetch'] as const

/** A style of isthmus, or the adapter for an app of another framework. */
export type StyleName = (typeof STYLE_NAMES)[number]
