/** Fetches the words of a language once for all elements of the page. Nothing is thrown: a file that fails has no words. */
import { en } from './locales/en.ts';
import type { Words } from './localizer.ts';

/** Bars are shown no longer than this for the sake of a language; in milliseconds. */
const timeLimit = 5000;

interface LocaleFile {
  words?: Partial<Words>;
  /** Callbacks that wait for it: empty as soon as it is there, or has failed. */
  readonly readers: Set<() => void>;
  readonly request: AbortController;
}

const files = new Map<string, LocaleFile>();

/** The file that one reader reads, in place of the one before. */
export class LocaleReader {
  readonly #changed: () => void;
  #address = '';
  #attempt = 0;
  #file: LocaleFile | undefined;

  /** @param changed - called once for each file, when it is there or has failed */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get words(): Partial<Words> | undefined {
    return this.#file?.words;
  }

  /** The file is on its way. */
  get waits(): boolean {
    return this.#file?.readers.has(this.#changed) ?? false;
  }

  /**
   * @param address - an empty one where nothing is to be read
   * @param attempt - another one where words that could not be had may be asked for again
   */
  open(address: string, attempt: number): void {
    if (address === this.#address && attempt === this.#attempt) return;
    if (this.#file) leave(this.#address, this.#file, this.#changed);
    this.#address = address;
    this.#attempt = attempt;
    this.#file = address ? join(address, this.#changed) : undefined;
  }
}

function join(address: string, reader: () => void): LocaleFile {
  let file = files.get(address);
  if (!file) {
    file = { readers: new Set(), request: new AbortController() };
    files.set(address, file);
    void read(address, file);
  }
  if (!file.words) file.readers.add(reader);
  return file;
}

/** The last reader that leaves ends the request. */
function leave(address: string, { readers, request }: LocaleFile, reader: () => void): void {
  if (!readers.delete(reader) || readers.size) return;
  files.delete(address);
  request.abort();
}

async function read(address: string, file: LocaleFile): Promise<void> {
  const { readers, request } = file;
  const timer = setTimeout(() => request.abort(), timeLimit);
  try {
    const response = await fetch(address, { credentials: 'omit', signal: request.signal });
    const words = (await response.json()) as Partial<Words>;
    // An app that answers every address with some document of its own has no words for us.
    if (response.ok && Object.keys(words).some((key) => key in en)) file.words = words;
  } catch {
    // Not there, not JSON, too slow, or not wanted any more.
  }
  clearTimeout(timer);
  // Only words are kept: a later reader asks again.
  if (!file.words && readers.size) files.delete(address);
  const waiting = [...readers];
  readers.clear();
  for (const reader of waiting) reader();
}
