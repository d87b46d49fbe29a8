// The middleware that the flags of isthmus serve put around the apps.

import { chain } from '../../chain/chain.ts'
import { InvalidOptionError } from '../../errors.ts'
import { accessLog } from '../../middleware/access-log.ts'
import { forwarded } from '../../middleware/forwarded.ts'
import type { Wrap } from '../../chain/wrap.ts'
import type { ProcessOptions } from '../options-table.ts'

type LayerOptions = Pick<ProcessOptions, 'accessLog' | 'proxyHeaders' | 'forwardedAllowIps'>

/**
 * Makes the chain of a command line: the proxies outermost, so that the access log has the address that they tell.
 *
 * @throws {@link InvalidOptionError} (`ISTHMUS_INVALID_OPTION`) for a trusted proxy that is no address
 */
export function layersOf(options: LayerOptions): Wrap {
  const layers = options.proxyHeaders ? [trusting(options.forwardedAllowIps)] : []
  if (options.accessLog) layers.push(accessLog())
  return chain(...layers)
}

const EVERY_PEER = ['0.0.0.0/0', '::/0', 'unix']

function trusting(proxies: readonly string[] | null): Wrap {
  if (proxies === null) return forwarded()
  try {
    return forwarded({ trust: proxies.flatMap((one) => (one === '*' ? EVERY_PEER : [one])) })
  } catch (error) {
    // The message names the option of forwarded(), which the user has not written.
    const { message } = error as Error
    const fault = message.slice(message.indexOf(' cannot be '))
    throw new InvalidOptionError(`--forwarded-allow-ips${fault}`)
  }
}
