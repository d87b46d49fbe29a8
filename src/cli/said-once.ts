// The fields of a line of the pretty log that its sentence and its stack do not say already. The JSON log has all fields,
// because programs read it by field.

/** A line of the log, parsed. */
export type LogRecord = Record<string, unknown>

/** The fields of the server and of the access log that their sentences repeat. */
const REPEATED = ['method', 'path', 'status', 'code', 'outcome', 'signal']

/** Splits a line into the fields that say something new, and the stack of its error; an empty stack if it has none. */
export function saidOnce({ err, ...fields }: LogRecord): { record: LogRecord; stack: string } {
  const words = String(fields['msg']).split(' ')
  const said = new Set([...words, ...words.map((word) => word.replace(/[:;,]$/, ''))])
  const record = Object.fromEntries(
    Object.entries(fields).filter(([name, value]) => {
      return !REPEATED.includes(name) || !said.has(textOf(value))
    }),
  )
  if (!hasStack(err)) return { record: err === undefined ? record : { ...record, err }, stack: '' }

  const { stack, ...others } = err
  const [firstLine = ''] = stack.split('\n', 1)
  if (firstLine.includes(String(others['type']))) delete others['type']
  // pino joins the messages of the causes; the stack has each of them in its own place.
  const parts = String(others['message']).split(': ')
  if (parts.every((part) => stack.includes(part))) delete others['message']
  const isSaid = Object.keys(others).length === 0
  return { record: isSaid ? record : { ...record, err: others }, stack }
}

// The sentence has "-" for a value that is not known.
function textOf(value: unknown): string {
  return value === null ? '-' : JSON.stringify(value).replaceAll('"', '')
}

function hasStack(err: unknown): err is LogRecord & { stack: string } {
  if (typeof err !== 'object' || err === null) return false
  return 'stack' in err && typeof err.stack === 'string' && err.stack !== ''
}
