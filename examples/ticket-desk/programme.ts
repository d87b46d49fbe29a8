// The performances of this week.

/** One evening that tickets are sold for. */
export interface Performance {
  readonly id: string
  readonly title: string
  readonly when: string
  readonly priceEuros: number
  readonly seats: number
}

/** The week, in order. */
export const PROGRAMME: readonly Performance[] = [
  { id: 'tempest', title: 'The Tempest', when: 'Friday 19:30', priceEuros: 24, seats: 180 },
  { id: 'godot', title: 'Waiting for Godot', when: 'Saturday 20:00', priceEuros: 22, seats: 120 },
  { id: 'errors', title: 'The Comedy of Errors', when: 'Sunday 17:00', priceEuros: 18, seats: 180 },
]

/** The performance with this id, or undefined. */
export function findPerformance(id: string): Performance | undefined {
  return PROGRAMME.find((performance) => performance.id === id)
}
