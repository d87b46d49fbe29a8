// One element for each item of a list that changes. The element of an item stays, with its focus and its selection.

/**
 * The element of an item.
 *
 * @template Item
 * @typedef {{ node: Element, show: (item: Item) => void }} View
 */

/**
 * Returns a function that shows a list in `parent`. Other children of `parent` stay before the elements of the list.
 *
 * @template Item
 * @param {Element} parent
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => View<Item>} make
 * @returns {(items: readonly Item[]) => void}
 */
export function keyedList(parent, keyOf, make) {
  /** @type {Map<string, View<Item>>} */
  let views = new Map()

  return (items) => {
    /** @type {Map<string, View<Item>>} */
    const next = new Map()
    for (const item of items) {
      const key = freeKey(keyOf(item), next)
      const view = views.get(key) ?? make(item)
      view.show(item)
      next.set(key, view)
    }

    for (const [key, { node }] of views) if (!next.has(key)) node.remove()
    placeInOrder(parent, [...next.values()])
    views = next
  }
}

/**
 * Two equal items have two elements.
 *
 * @param {string} key
 * @param {ReadonlyMap<string, unknown>} taken
 */
function freeKey(key, taken) {
  let free = key
  for (let copy = 2; taken.has(free); copy += 1) free = `${key} ${copy}`
  return free
}

/**
 * Moves only the elements that are not in their place: an element that moves loses the focus.
 *
 * @param {Element} parent
 * @param {ReadonlyArray<{ node: Element }>} views
 */
function placeInOrder(parent, views) {
  const nodes = new Set(views.map(({ node }) => node))
  let place = [...parent.children].find((child) => nodes.has(child)) ?? null
  for (const { node } of views) {
    if (node === place) place = place.nextElementSibling
    else parent.insertBefore(node, place)
  }
}
