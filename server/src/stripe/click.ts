/** How a request is made that a person waits for: tried again once, under the SDK's own idempotency key. */
export const click = { maxNetworkRetries: 1 };
