// The text of a JSON body without its values: white space, names and their order.

// A text with the colon after it is a name.
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g

/** `body` with `#` in the place of each value that is no list and no object. */
export function textWithoutValues(body: Uint8Array): string {
  const text = new TextDecoder('utf-8').decode(body)
  return text.replaceAll(TOKEN, (token, _text: string | undefined, colon: string | undefined) =>
    colon === undefined ? '#' : token,
  )
}
