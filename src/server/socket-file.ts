// The file of a unix socket. libuv removes the path that it was bound to, also if the file there belongs to another server by
// then. So the socket is bound to a name of its own, and gets its path as a second name. The first name is in a folder that
// no other user can enter, so that no other user can connect before the file has its mode.

import { randomBytes } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, linkSync, lstatSync, mkdirSync, renameSync, rmSync, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { invalidOption } from '../complete-options.ts'
import type { Server } from 'node:net'

// `sun_path` of the system, without the zero byte at its end (unix(7)).
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103

// Names that are no files: pipes of Windows, and the abstract sockets of Linux, which begin with a zero byte.
const isFile = (path: string): boolean => process.platform !== 'win32' && !path.startsWith('\0')

/**
 * Checks the option `uds`. The kernel would cut a longer path, and the server would listen at another place.
 *
 * @param caller the function that takes the option, for messages
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a value that is no path, or too long
 */
export function checkSocketPath(caller: string, path: unknown): void {
  if (path === null) return
  if (typeof path !== 'string' || path === '' || path.includes('\0', 1)) {
    throw invalidOption(caller, 'uds', path, 'it is the path of a unix socket, or null')
  }
  if (!isFile(path)) return
  const own = nameInside(ownFolder(path))
  const bytes = Math.max(Buffer.byteLength(path), Buffer.byteLength(own))
  if (bytes <= MAX_PATH_BYTES) return
  const remedy = `the system allows ${MAX_PATH_BYTES} bytes, and this path needs ${bytes}; choose a shorter one`
  throw invalidOption(caller, 'uds', path, remedy)
}

/**
 * Makes `server` listen on the unix socket at `path`. A socket that a dead process left there is replaced; a file of
 * another kind is not touched.
 *
 * @param mode the permissions that the file has from its first moment; null leaves them to the umask of the process
 * @param owner the user and group that the file has from its first moment; null leaves them to the process
 * @throws the system's error: `EADDRINUSE` if a process listens there, or if the file is no socket
 */
export async function listenOnFile(
  server: Server,
  path: string,
  { backlog, mode, owner }: { backlog: number; mode: number | null; owner: string | null },
): Promise<void> {
  if (!isFile(path)) return listening(server, path, backlog)
  const folder = ownFolder(path)
  const own = nameInside(folder)
  try {
    mkdirSync(folder, { mode: 0o700 })
    await listening(server, own, backlog)
    if (mode !== null) chmodSync(own, mode)
    if (owner !== null) giveTo(own, owner)
    await publish(own, path)
  } catch (error) {
    server.close()
    throw withPath(error as NodeJS.ErrnoException, path)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * Checks the option `udsOwner`.
 *
 * @param caller the function that takes the option, for messages
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a value that is no owner
 */
export function checkOwner(caller: string, owner: unknown): void {
  if (owner === null || (typeof owner === 'string' && OWNER.test(owner))) return
  const remedy = "it is 'user', 'user:group' or ':group', or null"
  throw invalidOption(caller, 'udsOwner', owner, remedy)
}

const OWNER = /^(?:[\w][\w.-]*)?(?::[\w][\w.-]*)?$(?<=.)/

// Node has no look-up of names, which may be in a directory of the network: chown has one.
function giveTo(file: string, owner: string): void {
  try {
    execFileSync('chown', ['--', owner, file], { stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: Buffer }
    const reason = (stderr?.toString().trim() || message).replaceAll(file, 'the socket')
    throw new Error(`cannot give the unix socket to "${owner}": ${reason}`)
  }
}

/** The file that {@link listenOnFile} has made; null if there is none. */
export function ownFile(path: string | null): { remove(): void } | null {
  const identity = path === null ? null : fileIdentity(path)
  if (path === null || identity === null) return null
  return {
    // The file of a successor stays.
    remove: () => {
      if (fileIdentity(path) === identity) rmSync(path, { force: true })
    },
  }
}

// The system does not use the number again while the socket is open.
function fileIdentity(path: string): string | null {
  const found = isFile(path) ? lstatSync(path, { throwIfNoEntry: false }) : undefined
  return found ? `${found.dev} ${found.ino}` : null
}

function ownFolder(path: string): string {
  return join(dirname(path), `.${randomBytes(3).toString('base64url')}`)
}

function nameInside(folder: string): string {
  return join(folder, 's')
}

async function listening(server: Server, path: string, backlog: number): Promise<void> {
  server.listen({ path, backlog })
  await once(server, 'listening')
}

// A link fails if the path exists, so that two servers that start at once do not replace each other.
async function publish(own: string, path: string): Promise<void> {
  try {
    linkSync(own, path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') await removeStale(path)
    // Some file systems have no links.
    if (code !== 'EEXIST' && fileIdentity(path) === null) renameSync(own, path)
    else linkSync(own, path)
  }
}

async function removeStale(path: string): Promise<void> {
  const identity = fileIdentity(path)
  if (identity === null) return
  const isStale = lstatSync(path).isSocket() && (await isRefused(path))
  if (isStale && fileIdentity(path) === identity) unlinkSync(path)
}

/** Whether no process listens on the socket at `path`. */
async function isRefused(path: string): Promise<boolean> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED'
  } finally {
    socket.destroy()
  }
}

// The codes that listen() has for the faults of files: bind(2) in libuv says EACCES for a folder that is not there.
const SOCKET_CODES: Record<string, string> = { EEXIST: 'EADDRINUSE', ENOENT: 'EACCES' }

// The caller knows nothing of the name that the socket was bound to.
function withPath(error: NodeJS.ErrnoException, path: string): Error {
  if (error.code === undefined) return error
  const code = SOCKET_CODES[error.code ?? ''] ?? error.code
  const message = `listen ${code}: cannot make the unix socket ${path}`
  return Object.assign(new Error(message, { cause: error }), {
    code,
    syscall: 'listen',
    address: path,
  })
}
