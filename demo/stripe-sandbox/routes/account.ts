import type { Api } from '../http/api.ts';
import type { State } from '../state/state.ts';

/** `GET /v1/account`: the account of these books. */
export function accountRoutes(api: Api): void {
  const retrieve = ({ state }: { state: State }): object => ({
    id: state.account,
    object: 'account',
    business_profile: {
      annual_revenue: null,
      estimated_worker_count: null,
      mcc: null,
      minority_owned_business_designation: [],
      name: state.settings.businessName,
      product_description: null,
      specified_commercial_transactions_act_url: null,
      support_address: null,
      support_email: null,
      support_phone: null,
      support_url: null,
      url: null,
    },
    business_type: null,
    capabilities: { card_payments: 'active', transfers: 'active' },
    charges_enabled: true,
    controller: { type: 'account' },
    country: state.settings.country,
    created: 1_700_000_000,
    default_currency: state.settings.currency,
    details_submitted: true,
    email: 'owner@example.com',
    metadata: {},
    payouts_enabled: true,
    type: 'standard',
  });
  api.get('/v1/account', {}, retrieve);
  api.get('/v1/accounts/:id', {}, retrieve);
}
