// Lines that fit a terminal, and that cannot change its state.

/** The most columns of a line. */
export const WIDTH = 100

// Control characters, and those that turn the direction of writing. Paths and values of responses may have them.
const INVISIBLE = /[\u0000-\u001F\u007F-\u009F\u200E\u200F\u2028-\u202E\u2066-\u2069]/g
const ELLIPSIS = '…'

/** Shows the characters of `line` that a terminal would obey, and cuts the line off at {@link WIDTH}. */
export function fitting(line: string): string {
  return shortened(
    line.replaceAll(INVISIBLE, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`),
    WIDTH,
  )
}

/** The start of `text` with an ellipsis, if it is longer than `width`. */
export function shortened(text: string, width: number): string {
  return text.length <= width ? text : text.slice(0, width - 1) + ELLIPSIS
}

/** Breaks `text` between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (longer.length <= width || line === '') line = longer
    else {
      lines.push(line)
      line = word
    }
  }
  return [...lines, line]
}
