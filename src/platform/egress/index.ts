export { EgressClient } from './egress-client.js';
export { EgressPolicy } from './egress-policy.js';
export { EgressModule } from './egress.module.js';
export { retryAfterMs } from './retry-after.js';
export type { EgressErrorCode } from './egress.errors.js';
export type { EgressHeaders, EgressRequest, EgressResponse, EgressStream, ResolvedAddress, Resolve } from './egress.types.js';
