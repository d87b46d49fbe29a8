/** The ways to fill a heap, by their names. */
export const WAYS: Readonly<Record<string, () => void>>
