// REFERENCE=1 runs the tests of Python apps against gunicorn and uvicorn in place of isthmus. A test that fails in one
// of the two runs shows a difference:
//
//   REFERENCE=1 npx vitest run --project native test/python

/** Whether gunicorn and uvicorn host the apps. */
export const isReference: boolean = process.env['REFERENCE'] === '1'
