// The names that many requests share: an index or an id in a path or a pointer becomes `#`.

const NUMBER = /^\d+$/
const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i
// An id of eight hexadecimal digits or more, such as an ObjectId; a word such as `facade` has no digit.
const HEX = /^(?=.*\d)[\da-f]{8,}$/i

/** `name`, or `#` if it is a number, a UUID or an id in hexadecimal digits. */
export function folded(name: string): string {
  return NUMBER.test(name) || UUID.test(name) || HEX.test(name) ? '#' : name
}
