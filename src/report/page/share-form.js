// The share of a migration: a slider and a field for the same value, and a button for the way back.

import { rollBack, setShare } from './changes.js'
import { element, setText } from './element.js'
import { percentText } from './wording.js'

/**
 * @param {string} path the path of the migration
 * @param {() => void} onChanged runs after the server has accepted a change
 */
export function makeShareForm(path, onChanged) {
  const { node, slider, field, back, note } = makeForm(path)
  const inputs = [slider, field]
  const state = { edited: false, sending: false }
  const run = makeRunner(state, note, onChanged)
  const change = (/** @type {HTMLInputElement} */ changed) => {
    if (!changed.reportValidity()) return
    const share = changed.valueAsNumber / 100
    write(inputs, share)
    run(() => setShare(path, share), `${percentText(share)} of the clients have the new app.`)
  }

  for (const each of inputs) {
    each.addEventListener('input', () => startEdit(state, each, inputs))
    each.addEventListener('change', () => change(each))
    each.addEventListener('blur', () => (state.edited = false))
  }
  node.addEventListener('submit', (event) => event.preventDefault())
  back.addEventListener('click', () =>
    run(() => rollBack(path), 'Rolled back: all clients have the old app.'),
  )

  // A report that comes while a person moves the slider does not move it.
  const show = (/** @type {number} */ share) => {
    if (!state.edited && !state.sending) write(inputs, share)
  }
  return { node, show }
}

/** @param {string} path */
function makeForm(path) {
  const slider = input({
    type: 'range',
    step: '1',
    'aria-label': `Share of the new app of ${path}`,
  })
  const field = input({ type: 'number', step: 'any', 'aria-label': `Share of ${path} in percent` })
  const back = element('button', { type: 'button' }, 'Roll back')
  const note = element('p', { role: 'status', class: 'note' })
  const label = element('span', { class: 'label' }, 'Share of the new app')
  const node = element('form', { class: 'share' }, label, slider, field, ' % ', back, note)
  return { node, slider, field, back, note }
}

/**
 * @param {readonly HTMLInputElement[]} inputs
 * @param {number} share from 0 to 1
 */
function write(inputs, share) {
  for (const each of inputs) each.value = String(Number((share * 100).toFixed(4)))
}

/** @param {Record<string, string>} attributes */
function input(attributes) {
  return element('input', {
    ...attributes,
    min: '0',
    max: '100',
    required: '',
    autocomplete: 'off',
  })
}

/**
 * @param {{ edited: boolean }} state
 * @param {HTMLInputElement} edited
 * @param {readonly HTMLInputElement[]} inputs
 */
function startEdit(state, edited, inputs) {
  state.edited = true
  if (!edited.validity.valid) return
  for (const other of inputs) if (other !== edited) other.value = edited.value
}

/**
 * Returns a function that runs one change after the other. Only the last one of the changes that wait runs.
 *
 * @param {{ edited: boolean, sending: boolean }} state
 * @param {Element} note
 * @param {() => void} onChanged
 * @returns {(change: () => Promise<void>, done: string) => void}
 */
function makeRunner(state, note, onChanged) {
  /** @type {{ change: () => Promise<void>, done: string } | undefined} */
  let next

  const runNext = () => {
    state.sending = next !== undefined
    if (!next) return onChanged()
    const { change, done } = next
    next = undefined
    change()
      .then(
        () => done,
        (/** @type {Error} */ error) => `Not changed: ${error.message}`,
      )
      .then((outcome) => setText(note, outcome))
      .then(runNext, runNext)
  }

  return (change, done) => {
    next = { change, done }
    state.edited = false
    if (!state.sending) runNext()
  }
}
