// The advice of the server. A screen reader hears a finding once, when it appears, and not each change of its figures.

import { element, find, setText } from './element.js'
import { keyedList } from './keyed-list.js'

/** @import { Advice } from '../../contract/report.ts' */

/** @type {Record<Advice['kind'], string>} */
const TITLES = {
  'worker-is-silent': 'Silent worker',
  'worker-crashes': 'Worker crashes',
  'uneven-workers': 'Uneven workers',
  'blocks-the-loop': 'Blocks the event loop',
  'waits-for-a-thread': 'Waits for a thread',
  'slow-upstream': 'Slow upstream',
  errors: 'Errors',
  mismatches: 'Different answers',
  'can-switch': 'Ready to switch',
  'migrate-next': 'Move next',
}

/** @returns {(advice: readonly Advice[]) => void} */
export function makeAdvice() {
  const showList = keyedList(find('advice'), keyOf, makeItem)
  /** @type {Set<string>} */
  let known = new Set()

  return (advice) => {
    showList(advice)
    find('no-advice').hidden = advice.length > 0
    const fresh = advice.filter((item) => !known.has(keyOf(item)))
    if (fresh.length > 0) setText(find('announcer'), fresh.map(({ text }) => text).join(' '))
    known = new Set(advice.map(keyOf))
  }
}

/** @param {Advice} advice */
const keyOf = ({ kind, path }) => `${kind} ${path}`

/** @param {Advice} advice */
function makeItem({ kind }) {
  const text = element('p')
  const title = element('strong', {}, TITLES[kind] ?? kind)
  const node = element('li', { 'data-kind': kind }, title, text)
  return { node, show: (/** @type {Advice} */ advice) => setText(text, advice.text) }
}
