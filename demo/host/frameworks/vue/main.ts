import { createApp } from 'vue';
import { workspaces } from '../workspaces.ts';
import Billing from './billing.vue';

createApp(Billing, { workspaces }).mount('#app');
