import { hydrateRoot } from 'react-dom/client';
import { Billing } from './billing.tsx';
import { workspaces } from '../workspaces.ts';

const app = document.getElementById('app');
if (app) hydrateRoot(app, <Billing workspaces={workspaces} />);
