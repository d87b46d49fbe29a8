// A section of the README between two markers.

/** Returns `readme` with the text of `section()` in place of the text from the marker `begin` to the marker `end`. */
export function withSectionAt(
  readme: string,
  { begin, end }: { begin: string; end: string },
  section: () => string,
): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)]
  if (from === -1 || to === -1) throw new Error(`the README has no "${begin}" … "${end}"`)
  return readme.slice(0, from) + section() + readme.slice(to + end.length)
}
