import { bootstrapApplication } from '@angular/platform-browser';
import { Billing } from './billing.ts';

await bootstrapApplication(Billing);
