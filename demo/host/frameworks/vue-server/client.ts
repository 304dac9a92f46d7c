import { createSSRApp } from 'vue';
import Billing from '../vue/billing.vue';
import { workspaces } from '../workspaces.ts';

createSSRApp(Billing, { workspaces }).mount('#app');
