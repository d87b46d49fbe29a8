// The price of a cart: its products, and the parcels that cost least. The search keeps the event loop busy.

/** The products by their ids: the price in cents, the weight in grams. */
export const PRODUCTS = {
  lamp: { name: 'Lamp', cents: 4_500, grams: 2_400 },
  rope: { name: 'Rope, 20 m', cents: 1_900, grams: 1_300 },
  tent: { name: 'Tent', cents: 18_900, grams: 4_100 },
}

/** A larger cart would take minutes to pack. */
export const MOST_UNITS = 12

// The price of a parcel in cents, by the most grams that it takes.
const PARCELS = [
  [2_000, 390],
  [5_000, 590],
  [10_000, 890],
]

/** The price of `cart`, `{ product: quantity }`, in cents. */
export function priceOf(cart) {
  const goods = Object.entries(cart).reduce(
    (sum, [id, units]) => sum + PRODUCTS[id].cents * units,
    0,
  )
  const parcels = cheapestParcels(unitsOf(cart).map((id) => PRODUCTS[id].grams))
  return { goods, parcels, total: goods + parcels }
}

/** The ids of the products in `cart`, each as often as it is there. */
export function unitsOf(cart) {
  return Object.entries(cart).flatMap(([id, units]) => Array.from({ length: units }, () => id))
}

// Each set of units is a number whose bits are the units. A set is packed in one parcel and a smaller set.
function cheapestParcels(grams) {
  const sets = 2 ** grams.length
  const single = Array.from({ length: sets }, (_, set) => priceOfParcel(grams, set))
  const cheapest = [0]
  for (let set = 1; set < sets; set += 1) {
    let best = Infinity
    for (let part = set; part > 0; part = (part - 1) & set) {
      best = Math.min(best, single[part] + cheapest[set ^ part])
    }
    cheapest.push(best)
  }
  return cheapest[sets - 1]
}

function priceOfParcel(grams, set) {
  const weight = grams.reduce((sum, unit, at) => (set & (1 << at) ? sum + unit : sum), 0)
  return PARCELS.find(([most]) => weight <= most)?.[1] ?? Infinity
}
