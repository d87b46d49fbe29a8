// A command line without a configuration file, as a command.

import { readCommand } from '../../src/cli/args.ts'
import { NO_CONFIG } from '../../src/cli/config/config-values.ts'
import { parseTexts } from '../../src/cli/parser.ts'

/** The command for the words of a command line. */
export function parseArguments(
  words: readonly string[],
  environment: Record<string, string>,
): ReturnType<typeof readCommand> {
  return readCommand(parseTexts(words), environment, NO_CONFIG)
}
