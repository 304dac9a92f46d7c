/** What the host's page tells its script, in `<script type="application/json" id="workspaces">`. */
import type { Workspace } from './examples.ts';

export type { Workspace } from './examples.ts';

export const workspaces: readonly Workspace[] = JSON.parse(document.getElementById('workspaces')?.textContent ?? '[]');

/** The host's own address for tokens; it checks that the workspace is one of the visitor's. */
export const tokenUrlOf = (workspace: string): string => `/billing/token?workspace=${encodeURIComponent(workspace)}`;
