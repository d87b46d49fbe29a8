// The public entries, before an app imports them: with a loader for TypeScript, each module costs a message to another thread.

const ENTRIES = ['index', 'middleware', 'adapters', 'channels']

/** Imports the entries that apps use most. The sources have none of these files, and run in the tests alone. */
export async function preloadEntries(): Promise<void> {
  if (import.meta.url.endsWith('.ts')) return
  const urls = ENTRIES.map((entry) => new URL(`../${entry}.js`, import.meta.url).href)
  await Promise.all(urls.map((url) => import(url)))
}
