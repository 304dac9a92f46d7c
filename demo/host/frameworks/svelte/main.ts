import { mount } from 'svelte';
import { workspaces } from '../workspaces.ts';
import Billing from './billing.svelte';

const target = document.getElementById('app');
if (target) mount(Billing, { target, props: { workspaces } });
