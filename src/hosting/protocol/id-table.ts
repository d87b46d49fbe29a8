// A table of objects by their number, for objects that come and go all the time. A Map costs more: its old tables keep
// removed objects alive until the next full collection.

/** An object with a number that is never used again. */
interface Numbered {
  readonly id: number
}

const FIRST_SIZE = 64

/** Open addressing with linear probing. Numbers that follow each other rarely collide. */
export class IdTable<Item extends Numbered> {
  #places: Array<Item | undefined> = emptyPlaces(FIRST_SIZE)
  #mask = FIRST_SIZE - 1
  #size = 0

  get size(): number {
    return this.#size
  }

  add(item: Item): void {
    if (this.#size * 2 >= this.#places.length) this.#grow()
    this.#size += 1
    this.#put(item)
  }

  find(id: number): Item | undefined {
    return this.#places[this.#placeOf(id)]
  }

  /** Removes and returns the item with this number, if it is there. */
  remove(id: number): Item | undefined {
    const place = this.#placeOf(id)
    const item = this.#places[place]
    if (!item) return undefined
    this.#size -= 1
    this.#places[place] = undefined
    this.#closeGap(place)
    return item
  }

  /** All items, in no order. */
  items(): Item[] {
    return this.#places.filter((item) => item !== undefined)
  }

  // The place of the item with this number, or the free place at which the search for it ends.
  #placeOf(id: number): number {
    let place = id & this.#mask
    for (let item = this.#places[place]; item && item.id !== id; item = this.#places[place]) {
      place = (place + 1) & this.#mask
    }
    return place
  }

  #put(item: Item): void {
    this.#places[this.#placeOf(item.id)] = item
  }

  // An item after the gap moves into it, unless its search begins after the gap.
  #closeGap(gap: number): void {
    let place = (gap + 1) & this.#mask
    for (let item = this.#places[place]; item; item = this.#places[place]) {
      const searched = (place - item.id) & this.#mask
      const toGap = (place - gap) & this.#mask
      if (searched >= toGap) {
        this.#places[gap] = item
        this.#places[place] = undefined
        gap = place
      }
      place = (place + 1) & this.#mask
    }
  }

  #grow(): void {
    const items = this.items()
    this.#places = emptyPlaces(this.#places.length * 2)
    this.#mask = this.#places.length - 1
    for (const item of items) this.#put(item)
  }
}

function emptyPlaces<Item>(size: number): Array<Item | undefined> {
  return Array.from({ length: size }, () => undefined)
}
