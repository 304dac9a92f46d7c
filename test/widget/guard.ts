/** No test passes while something on its page threw, rejected unheard, or wrote an error to the console. */
const troubles: string[] = [];

addEventListener('error', ({ message }) => troubles.push(`uncaught: ${message}`));
addEventListener('unhandledrejection', ({ reason }) => troubles.push(`unheard: ${String(reason)}`));
const { error } = console;
// oxlint-disable-next-line no-console -- it is what is watched
console.error = (...said: unknown[]) => {
  troubles.push(`console.error: ${said.map(String).join(' ')}`);
  error(...said);
};

function nothingWentWrong(): void {
  if (troubles.length) throw new Error(troubles.splice(0).join('\n'));
}

afterEach(nothingWentWrong);
// A rejection is told a task after it happened: the last test's may come after its own check.
after(async () => {
  await new Promise((resolve) => setTimeout(resolve));
  nothingWentWrong();
});

/** Warnings of the page in its console while this goes on. */
export async function warningsOf(act: () => Promise<void>): Promise<string[]> {
  const warnings: string[] = [];
  const { warn } = console;
  // oxlint-disable-next-line no-console -- it is what is watched
  console.warn = (...said: unknown[]) => void warnings.push(said.map(String).join(' '));
  try {
    await act();
  } finally {
    // oxlint-disable-next-line no-console -- as it was
    console.warn = warn;
  }
  return warnings;
}
