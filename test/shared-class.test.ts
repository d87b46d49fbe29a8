import { describe, expect, it } from 'vitest'
import { sharedClass } from '../src/shared-class.ts'

function copyOf(name: string): new () => object {
  const kind = class Answer {
    readonly status = 200
  }
  sharedClass(name, kind)
  return kind
}

describe('a shared class', () => {
  const [One, Two, Other] = [
    copyOf('test-answer.1'),
    copyOf('test-answer.1'),
    copyOf('test-answer.2'),
  ]

  it('recognizes the objects of its copies, and no other value', () => {
    expect(new One() instanceof Two).toBe(true)
    for (const value of [new Other(), {}, null, undefined, 1, 'text', () => {}]) {
      expect((value as unknown) instanceof Two).toBe(false)
    }
  })

  it('may be extended', () => {
    const Derived = class extends One {
      readonly body = ''
    }
    expect(new Derived() instanceof One).toBe(true)
    expect(new Derived() instanceof Derived).toBe(true)
    expect(new One() instanceof Derived).toBe(false)
  })
})
