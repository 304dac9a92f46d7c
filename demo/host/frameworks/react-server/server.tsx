import { renderToString } from 'react-dom/server';
import { Billing } from './billing.tsx';
import type { Workspace } from '../workspace.ts';

export const render = (workspaces: readonly Workspace[]): string => renderToString(<Billing workspaces={workspaces} />);
