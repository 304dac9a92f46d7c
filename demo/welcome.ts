/** Printed once everything answers: the addresses, and things to try. */

import type { Demo } from './start-demo.ts';
import { customerVariable } from './workspaces.ts';

export function welcome(demo: Demo): string {
  const { hostUrl, billhookUrl, sandboxUrl } = demo;
  const rows = [
    ['Tidewater', hostUrl, 'a product with a billing page'],
    ['Billhook', billhookUrl, 'its backend-for-frontend'],
    sandboxUrl === null
      ? ['Stripe', 'your test account', 'webhooks come through "stripe listen"']
      : ['Stripe', sandboxUrl, 'a sandbox: no key, no network'],
  ] as const;
  const wide = Math.max(...rows.map(([, address]) => address.length));
  const steps = sandboxUrl === null ? onAccount(demo) : onSandbox;
  return `
${rows.map(([name, address, what]) => `  ${name.padEnd(11)}${address.padEnd(wide + 3)}${what}`).join('\n')}

  Try
${steps.map((step, index) => `    ${index + 1}. ${step}`).join('\n')}

  Ctrl-C stops everything.
`;
}

const onSandbox: readonly string[] = [
  'Sign in to Harbour Studio, whose last payment failed, and go to Settings, Billing.',
  '"Update card" leads to Stripe, and back. 4242 4242 4242 4242 is a card that works.',
  'Switch account in the corner "Demo": there is a workspace for every state a plan can be in.',
  'In the same corner, the control room moves the clock, fails payments and loses webhooks.',
];

function onAccount({ accounts }: Demo): readonly string[] {
  const without = accounts.find(({ customer }) => customer === null);
  return [
    'Sign in and go to Settings, Billing: a workspace shows the billing of its Stripe customer.',
    ...(without ? [`${without.workspace} has none; ${customerVariable(without.id)}=cus_… gives it one.`] : []),
  ];
}
