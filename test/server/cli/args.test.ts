/** Every command answers for help and the version alike, and explains a mistake above its usage. */

import { describe, expect, it } from 'vitest';
import { parse, printsHelp } from '../../../server/src/cli/args.ts';

function written() {
  const text = { out: '', err: '' };
  const output = {
    stdout: { write: (part: string) => (text.out += part) },
    stderr: { write: (part: string) => (text.err += part) },
  };
  return { text, output };
}

const usage = 'billhook carry <file>\n';
const spec = { name: 'carry', usage, options: { json: { type: 'boolean', default: false } } } as const;

describe('the arguments of a command', () => {
  it.each(['--help', '-h'])('%s prints the usage', (flag) => {
    const { text, output } = written();
    expect(parse(['a.csv', flag], spec, output)).toEqual({ exitCode: 0 });
    expect(text).toEqual({ out: usage, err: '' });
  });

  it('--version prints the version', () => {
    const { text, output } = written();
    expect(parse(['--version'], spec, output)).toEqual({ exitCode: 0 });
    expect(text.out).toMatch(/^billhook \d+\.\d+\.\d+\S*\n$/);
  });

  it('are operands behind a `--`', () => {
    const { text, output } = written();
    expect(printsHelp(['--', '--help'], usage, output)).toBe(false);
    expect(text.out).toBe('');
  });

  it.each([
    ['an unknown option', ['--nix'], [], /'--nix'/],
    ['an operand where none may be', ['a.csv'], [], /Unexpected argument 'a\.csv'/],
    ['a missing operand', [], ['a file'], /a file is wanted/],
    ['one operand too many', ['a.csv', 'b.csv'], ['a file'], /one argument too many: "b\.csv"/],
  ])('exit with 2 for %s', (_, args, operands, problem) => {
    const { text, output } = written();
    expect(parse(args, { ...spec, operands }, output)).toEqual({ exitCode: 2 });
    expect(text.out).toBe('');
    expect(text.err).toMatch(problem);
    expect(text.err.endsWith(`\n\n${usage}`)).toBe(true);
  });

  it('are given as values and the operand', () => {
    const { output } = written();
    expect(parse(['a.csv', '--json'], { ...spec, operands: ['a file'] }, output)).toMatchObject({
      exitCode: null,
      values: { json: true },
      operands: ['a.csv'],
    });
  });
});
