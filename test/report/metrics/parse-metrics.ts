// A reader of the text format of Prometheus (version 0.0.4), strict enough to find a wrong line.

/** The metrics of a text. */
export interface Metrics {
  /** The types by the names of the families. */
  types: Map<string, string>
  /** The values by name and labels: `up{mount="/"}`. */
  values: Map<string, number>
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"'
const HEADER = new RegExp(`^# (HELP|TYPE) (${NAME}) (.+)$`)
const SAMPLE = new RegExp(`^(${NAME})(\\{(?:${LABEL}(?:,${LABEL})*)?\\})? (\\S+)$`)

/** Reads `text`. @throws Error with the line that breaks the format, or that is there twice */
export function parseMetrics(text: string): Metrics {
  const types = new Map<string, string>()
  const values = new Map<string, number>()
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const [, kind, family = '', rest = ''] = HEADER.exec(line) ?? []
    if (kind === 'TYPE') {
      if (types.has(family)) throw new Error(`a second family: ${line}`)
      types.set(family, rest)
    }
    if (kind !== undefined) continue

    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? []
    const key = name + labels
    const number = numberOf(value)
    // The format has NaN as a value; a quantile of no durations is one.
    if (name === '' || (Number.isNaN(number) && !/^nan$/i.test(String(value))))
      throw new Error(`no sample: ${line}`)
    if (values.has(key)) throw new Error(`a second sample: ${line}`)
    if (!types.has(name) && !types.has(name.replace(/_(bucket|sum|count)$/, ''))) {
      throw new Error(`a sample without a type: ${line}`)
    }
    values.set(key, number)
  }
  return { types, values }
}

function numberOf(text: string | undefined): number {
  return text === '+Inf' ? Infinity : Number(text)
}
