/** A product of any API version → its name, its metadata, and the words that an offer of it may say. */

import type { ProductWords } from '../../billing/facts.ts';
import { list, object, text } from './json.ts';

/** As many as a plan card has room for. */
const mostFeatures = 5;

/** Of a product that Stripe does not know. */
export const noWords: ProductWords = { description: null, features: [], unit: null };

/** `marketing_features` were called `features` until 2024. */
export function productWords(product: unknown): ProductWords {
  const source = object(product);
  const named = list(source['marketing_features'] ?? source['features']);
  const features = named.flatMap((feature) => text(object(feature)['name']) ?? []);
  return {
    description: text(source['description']),
    features: features.slice(0, mostFeatures),
    unit: text(source['unit_label']),
  };
}
