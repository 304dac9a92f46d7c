/** Addresses, as customers and payment methods have them. */

import { country } from '../http/bounds.ts';
import { hash, text, type Read } from '../http/params.ts';
import type { Customer } from '../state/wire.ts';

const addressFields = { city: text, country, line1: text, line2: text, postal_code: text, state: text };
export const address = hash(addressFields);

type AddressParams = Read<typeof addressFields> | null | undefined;

/** With `null` for what was not given. */
export const fullAddress = (given: AddressParams): NonNullable<Customer['address']> => ({
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
  ...given,
});
