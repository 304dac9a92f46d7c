import { render } from 'solid-js/web';
import { workspaces } from '../workspaces.ts';
import { Billing } from './billing.tsx';

const app = document.getElementById('app');
if (app) render(() => <Billing workspaces={workspaces} />, app);
