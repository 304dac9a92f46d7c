/**
 * A host's settings and guards as they are given, looked at once: JavaScript passes over a name that is misspelt, and a guard
 * that does not hear what it is to ask for would let everybody pass who pays for anything.
 */

import { BillhookOptionError } from './errors.ts';

/** What the value of an option must be, to be read after its name; `null`: it is looked at where it is used. */
export type Must = readonly [isSo: (value: unknown) => boolean, words: string] | null;

const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isFunction = (value: unknown) => typeof value === 'function';
const isAmount = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value > 0;
const isList = (value: unknown) => Array.isArray(value);
const isListOfNames = (value: unknown) => Array.isArray(value) && value.every(isName);

export const mustBeName = (of: string): Must => [isName, `must be ${of}`];
export const mustBeNames = (of: string): Must => [isListOfNames, `must be a list of ${of}`];
export const mustBeList = (of: string): Must => [isList, `must be a list of ${of}`];
export const mustBeAmount = (of: string): Must => [isAmount, `must be a number of ${of}`];
export const mustBeFunction: Must = [isFunction, 'must be a function'];

/** @throws {BillhookOptionError} `option_invalid` */
export function checkFunction(option: string, given: unknown): void {
  if (!isFunction(given)) throw new BillhookOptionError('option_invalid', option, 'must be a function');
}

/**
 * @param what - the name of all of it
 * @param known - every option that there is
 * @throws {BillhookOptionError} `option_unknown`, `option_invalid`
 */
export function checkOptions(what: string, given: unknown, known: Readonly<Record<string, Must>>): void {
  if (typeof given !== 'object' || given === null)
    throw new BillhookOptionError('option_invalid', what, 'must be an object');
  for (const [name, value] of Object.entries(given)) {
    const must = Object.hasOwn(known, name) ? known[name] : undefined;
    if (must === undefined)
      throw new BillhookOptionError('option_unknown', name, `is none of ${Object.keys(known).join(', ')}`);
    if (must !== null && value !== undefined && !must[0](value))
      throw new BillhookOptionError('option_invalid', name, must[1]);
  }
}
