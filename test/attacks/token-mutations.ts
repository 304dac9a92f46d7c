/** Tokens that no host signed: mutations of good ones, and the tricks that JWT libraries fell for. */

import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { Random } from './corpus.ts';

/** A forger's material: good tokens of their own, and every public key. */
export interface Loot {
  readonly tokens: readonly string[];
  /** PEM and JWK of the hosts' public keys. */
  readonly publicKeys: readonly string[];
  /** Another host's secret, which the forger may own. */
  readonly otherSecret: string;
}

const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const decode = (part: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
const partsOf = (token: string): [header: string, payload: string, signature: string] => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return [header, payload, signature];
};

const forger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const forgerJwk = forger.publicKey.export({ format: 'jwk' });

const headers: readonly Record<string, unknown>[] = [
  ...[
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'HS384',
    'HS512',
    'hs256',
    'RS256',
    'RS512',
    'PS256',
    'ES384',
    'ES256K',
    'EdDSA',
    'Ed448',
    'dir',
    'A128KW',
  ].map((alg) => ({ alg })),
  { jwk: forgerJwk, alg: 'ES256' },
  { jku: 'https://evil.example/jwks.json', alg: 'ES256' },
  { x5u: 'https://evil.example/cert.pem', alg: 'RS256' },
  { x5c: ['MIIB'], alg: 'RS256' },
  { kid: '../../../../dev/null' },
  { kid: "' OR 1=1 --" },
  { kid: 'x'.repeat(300) },
  { kid: 7 },
  { kid: ['one'] },
  { crit: ['exp'] },
  { crit: ['b64'], b64: false },
  { zip: 'DEF' },
  { typ: 'JWT' },
  { typ: 'application/billhook-widget+jwt; x=y' },
  { cty: 'JWT' },
  { alg: ['HS256', 'none'] },
  { alg: null },
];

const claims: readonly Record<string, unknown>[] = [
  { sub: 'team_2' },
  { sub: ['team_1', 'team_2'] },
  { iss: 'beta' },
  { iss: ['acme', 'beta'] },
  { iss: '__proto__' },
  { aud: 'https://evil.example' },
  { exp: 4_102_444_800 },
  { exp: '4102444800' },
  { exp: 1e308 },
  { iat: -1 },
  { scope: 'billing:read billing:manage access' },
  { scope: { toString: 'access' } },
  { stripe_customer: 'cus_victim' },
  { __proto__x: { sub: 'team_2' } },
];

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/.!~';

type Mutation = (random: Random, loot: Loot) => string;

const editLetter: Mutation = (random, { tokens }) => {
  const token = random.pick(tokens);
  const at = random.below(token.length);
  const letter = random.pick([...letters]);
  const keep = random.pick([0, 1, 2]);
  return token.slice(0, at) + letter + token.slice(at + keep);
};
const cut: Mutation = (random, { tokens }) => {
  const token = random.pick(tokens);
  const [from, to] = [random.below(token.length), random.below(token.length)];
  return token.slice(Math.min(from, to), Math.max(from, to));
};
const splice: Mutation = (random, { tokens }) => {
  const [header] = partsOf(random.pick(tokens));
  const [, payload] = partsOf(random.pick(tokens));
  const [, , signature] = partsOf(random.pick(tokens));
  return [header, payload, signature].join('.');
};
const otherHeader: Mutation = (random, { tokens }) => {
  const [header, payload, signature] = partsOf(random.pick(tokens));
  return `${encode({ ...decode(header), ...random.pick(headers) })}.${payload}.${random.pick([signature, '', 'AA'])}`;
};
const otherClaims: Mutation = (random, { tokens }) => {
  const [header, payload, signature] = partsOf(random.pick(tokens));
  return `${header}.${encode({ ...decode(payload), ...random.pick(claims) })}.${signature}`;
};
/** RFC 8725, 2.1: a public key is known, so it must never be a secret. */
const confused: Mutation = (random, { tokens, publicKeys, otherSecret }) => {
  const [header, payload] = partsOf(random.pick(tokens));
  const secret = random.pick([
    ...publicKeys,
    ...publicKeys.map((key) => key.trim()),
    otherSecret,
    '\0',
    'secret',
    ' '.repeat(32),
  ]);
  // With their own secret a host may say what it likes of its own accounts: here it speaks for the other one.
  const forged = { ...decode(payload), ...random.pick(claims), iss: 'acme' };
  const signed = `${encode({ ...decode(header), alg: 'HS256', ...random.pick([{}, { kid: 'one' }]) })}.${encode(forged)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
};
const ownKey: Mutation = (random, { tokens }) => {
  const [header, payload] = partsOf(random.pick(tokens));
  const own = { ...decode(header), alg: 'ES256', ...random.pick([{}, { jwk: forgerJwk }, { kid: 'one' }]) };
  const signed = `${encode(own)}.${encode({ ...decode(payload), ...random.pick(claims) })}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), { key: forger.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
};
/** CVE-2022-21449: an ECDSA signature of zeros; and other signatures of a length that is right. */
const emptySignature: Mutation = (random, { tokens }) => {
  const [header, payload] = partsOf(random.pick(tokens));
  const bytes = Buffer.alloc(random.pick([0, 1, 32, 64, 256]), random.pick([0, 255]));
  return `${random.pick([header, encode({ ...decode(header), alg: 'ES256' })])}.${payload}.${bytes.toString('base64url')}`;
};
/** One text, two readings: doubled names, spaces, other encodings of the same JSON. */
const twoReadings: Mutation = (random, { tokens }) => {
  const [header, payload, signature] = partsOf(random.pick(tokens));
  const text = Buffer.from(payload, 'base64url').toString();
  const variants = [
    text.replace('{', '{"sub":"team_2",'),
    text.replace(/\}$/, ',"sub":"team_2"}'),
    ` ${text}`,
    `\uFEFF${text}`,
    text.replace('team_1', String.raw`team_\u0031`),
    text.replaceAll('"', "'"),
    `${text}${text}`,
  ];
  return `${header}.${encode(random.pick(variants))}.${signature}`;
};
const otherForms: Mutation = (random, { tokens }) => {
  const token = random.pick(tokens);
  const [header, payload, signature] = partsOf(token);
  return random.pick([
    `${token}=`,
    `${token}.`,
    `.${token}`,
    `${token}.${token}`,
    `${header}..${signature}`,
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}.${payload}.${signature}.${signature}.${signature}`,
    JSON.stringify({ protected: header, payload, signature }).replaceAll(' ', ''),
    token.replaceAll('-', '+').replaceAll('_', '/').concat('='),
    token.toUpperCase(),
    token.toLowerCase(),
    encodeURIComponent(token).replaceAll('.', '%2E'),
    Buffer.from(token).toString('base64url'),
    `${token},${token}`,
    `${header}.${payload}.${signature}${'A'.repeat(random.below(4_000))}`,
  ]);
};

const mutations = [
  editLetter,
  editLetter,
  cut,
  splice,
  otherHeader,
  otherClaims,
  confused,
  ownKey,
  emptySignature,
  twoReadings,
  otherForms,
];

/** So many texts that are none of the good tokens. */
export function* mutatedTokens(random: Random, loot: Loot, count: number): Generator<string> {
  const good = new Set(loot.tokens);
  for (let made = 0; made < count;) {
    const token = random.pick(mutations)(random, loot);
    if (good.has(token)) continue;
    made += 1;
    yield token;
  }
}
