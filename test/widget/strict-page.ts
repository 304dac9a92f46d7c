/**
 * A host page under a strict policy, served with real headers beside the component tests: no inline script, no inline
 * style, Trusted Types enforced. `/strict/page?policies=…` says which Trusted Types policies it allows, `&copies=2` loads
 * the script a second time from another address.
 */
import { active } from './snapshots.ts';

/** The context that @web/dev-server passes to a middleware, as far as it is used here. */
interface Context {
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  type: string;
  body: unknown;
  status: number;
  set(name: string, value: string): void;
}

const recorderScript = `
  window.violations = [];
  document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective + ' ' + event.sample));
  window.addEventListener('error', (event) => window.violations.push(event.message));
  window.addEventListener('unhandledrejection', (event) => window.violations.push(String(event.reason)));
`;

export async function strictPage(context: Context, next: () => Promise<void>): Promise<void> {
  const { path, query } = context;
  if (!path.startsWith('/strict/')) return next();
  context.status = 200;
  context.set('cache-control', 'no-store');
  if (path === '/strict/recorder.js') {
    context.type = 'text/javascript';
    context.body = recorderScript;
  } else if (path === '/strict/token') {
    context.body = { token: `${btoa('{"typ":"billhook-widget+jwt"}')}.e30.x`.replaceAll('=', '') };
  } else if (path === '/strict/v1/billing') {
    context.body = active;
  } else {
    context.set(
      'content-security-policy',
      `default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types ${query['policies'] ?? 'billhook'}`,
    );
    context.type = 'text/html';
    const scripts = Array.from(
      { length: Number(query['copies'] ?? 1) },
      (_, copy) => `<script type="module" src="/widget/dist/widget.js?copy=${copy}" data-api="/strict/"></script>`,
    );
    context.body = `<!doctype html><html lang="en"><head><title>Strict</title><script src="/strict/recorder.js"></script>${scripts.join('')}</head>
      <body><billhook-widget token-url="/strict/token"></billhook-widget></body></html>`;
  }
}
