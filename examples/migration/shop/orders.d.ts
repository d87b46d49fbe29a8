// The types of orders.js, for the parts of the shop that are written in TypeScript.

/** One line of the file. */
export interface Order {
  readonly id: string
  /** The date in ISO 8601. */
  readonly at: string
  readonly name: string
  /** The units of each product. */
  readonly cart: Readonly<Record<string, number>>
  /** In cents. */
  readonly price: { readonly goods: number; readonly parcels: number; readonly total: number }
}

export declare const ORDERS: string
export declare function readOrders(): Order[]
export declare function saveOrder(fields: Omit<Order, 'id' | 'at'>): Order
