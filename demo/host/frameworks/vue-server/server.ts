import { createSSRApp } from 'vue';
import { renderToString } from 'vue/server-renderer';
import Billing from '../vue/billing.vue';
import type { Workspace } from '../workspace.ts';

export const render = (workspaces: readonly Workspace[]): Promise<string> =>
  renderToString(createSSRApp(Billing, { workspaces }));
