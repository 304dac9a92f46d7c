/** All English words: those in the script, and those that it asks for. */
import { en as inScript } from '../../widget/src/i18n/locales/en.ts';
import { enMore } from '../../widget/src/i18n/locales/en-more.ts';

export const en = { ...inScript, ...enMore };

/** A view or a text with plain spaces, as a test types them: no line ends inside a date, a count or an amount. */
export const spaced = <Told>(told: Told): Told =>
  typeof told === 'string'
    ? (told.replace(/[\u00a0\u202f]/g, ' ') as Told & string)
    : told && typeof told === 'object'
      ? Array.isArray(told)
        ? (told.map(spaced) as Told)
        : (Object.fromEntries(Object.entries(told).map(([name, value]) => [name, spaced(value)])) as Told)
      : told;
