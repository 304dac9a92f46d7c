/** OBJ-6: the version that a request asks for decides the shape of its answer. */

import { releaseOf, type Release } from '../engine/versions.ts';
import { invalidRequest } from '../errors.ts';
import declared from './declared-parameters.json' with { type: 'json' };

/** Every version that Stripe has had, as the SDK declares them for webhook endpoints. */
const known: readonly string[] = declared['POST /v1/webhook_endpoints'].parts.api_version.oneOf;

/** The versions with shapes here, newest first. */
export const supportedVersions: readonly string[] = known
  .filter((version) => releaseOf(version) !== null)
  .toSorted()
  .toReversed();

/** @throws {StripeError} for a version that Stripe never had, or that the sandbox has no shapes of */
export function requireVersion(version: string): Release {
  if (!known.includes(version))
    throw invalidRequest(`Invalid Stripe API version: ${version}`, { param: 'Stripe-Version' });
  const release = releaseOf(version);
  if (release !== null) return release;
  throw invalidRequest(`The sandbox has no shapes of ${version}, only of acacia, clover, dahlia and endive.`, {
    code: 'sandbox_unsupported',
    param: 'Stripe-Version',
  });
}
