/** The host page's data for its script, in `<script type="application/json" id="workspaces">`. */
import type { Workspace } from './workspace.ts';

export const workspaces: readonly Workspace[] = JSON.parse(document.getElementById('workspaces')?.textContent ?? '[]');
