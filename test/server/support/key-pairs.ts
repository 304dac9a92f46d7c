/** Key pairs for all tests of a run: an RSA key takes longer to make than everything that is tested with it. */

import { generateKeyPairSync } from 'node:crypto';

/** One for each algorithm of ours. */
export const pairs = {
  ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: generateKeyPairSync('ed25519'),
  RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

/** Those that are for none of ours, or too weak. */
export const otherPairs = {
  curve: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  edwards: generateKeyPairSync('ed448'),
  weakRsa: generateKeyPairSync('rsa', { modulusLength: 2040 }),
  rsaPss: generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
};
