/** Reads the arguments of every command in one way: options, operands, `--help`, `-h` and `--version`. */

import { readFileSync } from 'node:fs';
import { parseArgs, type ParseArgsConfig } from 'node:util';

/** The two streams that a command writes to. */
export interface Output {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

type Options = NonNullable<ParseArgsConfig['options']>;

export interface CommandSpec<Given extends Options> {
  readonly name: string;
  readonly usage: string;
  readonly options: Given;
  /** The arguments that are no options and have to be there, in their order: `['a file']`. Default: none may be. */
  readonly operands?: readonly string[];
  /** How many of them, from the last one on, may be left out. Default: 0. */
  readonly optionalOperands?: number;
}

type Values<Given extends Options> = ReturnType<
  typeof parseArgs<{ readonly args: string[]; readonly options: Given; readonly allowPositionals: true }>
>['values'];

/** Arguments that can be used, or the exit code of a command that ends here. */
export type Parsed<Given extends Options> =
  | {
      readonly exitCode: null;
      readonly values: Values<Given>;
      readonly operands: readonly string[];
    }
  | { readonly exitCode: number };

/**
 * Parses a command's arguments. Help and the version are printed; a mistake is explained above the usage.
 *
 * @example
 * ```ts
 * const parsed = parse(args, { name: 'setup', usage: setupUsage, options: { check: { type: 'boolean' } } }, output);
 * if (parsed.exitCode !== null) return parsed.exitCode;
 * const { check = false } = parsed.values;
 * ```
 *
 * @param args - the arguments after the command's name
 */
export function parse<const Given extends Options>(
  args: readonly string[],
  { name, usage, options, operands = [], optionalOperands = 0 }: CommandSpec<Given>,
  output: Output,
): Parsed<Given> {
  if (printsHelp(args, usage, output)) return { exitCode: 0 };
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: operands.length > 0 });
    const missing = operands.slice(0, operands.length - optionalOperands)[positionals.length];
    if (missing !== undefined) return misused(name, usage, `${missing} is wanted`, output);
    const extra = positionals[operands.length];
    if (extra !== undefined) return misused(name, usage, `there is one argument too many: "${extra}"`, output);
    return { exitCode: null, values: values as Values<Given>, operands: positionals };
  } catch (cause) {
    return misused(name, usage, (cause as TypeError).message, output);
  }
}

/** Answers `--help`, `-h` and `--version`, wherever they stand before a `--`; `false` without one of them. */
export function printsHelp(args: readonly string[], usage: string, { stdout }: Output): boolean {
  const end = args.indexOf('--');
  const flags = new Set(end < 0 ? args : args.slice(0, end));
  if (flags.has('--help') || flags.has('-h')) stdout.write(usage);
  else if (flags.has('--version')) stdout.write(`billhook ${packageVersion()}\n`);
  else return false;
  return true;
}

/** Explains a mistake on the command line. */
export function misused(name: string, usage: string, problem: string, { stderr }: Output): { readonly exitCode: 2 } {
  stderr.write(`billhook ${name}: ${problem}\n\n${usage}`);
  return { exitCode: 2 };
}

function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
