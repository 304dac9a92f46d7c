/** What the analyzer of `reference.ts` reads, and what it leaves out. */
export default {
  globs: ['src/elements/billhook-*.ts', 'src/page/events.ts'],
  litelement: true,
  quiet: true,
  // It would write to the package.json of wherever it is called from; ours has the field.
  packagejson: false,
  plugins: [
    {
      name: 'only-what-a-page-may-use',
      packageLinkPhase({ customElementsManifest }) {
        for (const declaration of customElementsManifest.modules.flatMap(({ declarations }) => declarations)) {
          // Where an event is dispatched, its name is out of sight, and a variable's is taken for it; the JSDoc has it.
          declaration.events = declaration.events?.filter(({ name }) => name?.startsWith('billhook-'));
          declaration.members = declaration.members?.filter(
            ({ name, privacy }) => privacy !== 'private' && privacy !== 'protected' && !name.startsWith('#'),
          );
        }
      },
    },
  ],
};
