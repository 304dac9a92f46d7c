/**
 * What a program that a test starts needs of this machine, and nothing that would configure it. What Node has compiled
 * once it need not compile again: half of what a start costs.
 */
export const childEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  ['PATH', 'NODE_COMPILE_CACHE'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);
