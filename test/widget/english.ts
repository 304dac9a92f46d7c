/** All English words: those in the script, and those that it asks for. */
import { en as inScript } from '../../widget/src/i18n/locales/en.ts';
import { enMore } from '../../widget/src/i18n/locales/en-more.ts';

export const en = { ...inScript, ...enMore };
