import { describe, expect, it } from 'vitest';
import { newSigningSecret, signMessage, verifySignature } from './standard-webhooks.js';

/** The example of the specification. */
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const TIMESTAMP = 1614265330;
const BODY = '{"test": 2432232314}';
const SIGNATURE = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const NOW = TIMESTAMP * 1_000;

const headers = (changes: Record<string, string | undefined> = {}) => ({
  'webhook-id': ID,
  'webhook-timestamp': String(TIMESTAMP),
  'webhook-signature': SIGNATURE,
  ...changes,
});
const verify = (given: ReturnType<typeof headers>, { secret = SECRET, body = BODY, now = NOW } = {}) =>
  verifySignature(secret, given, Buffer.from(body), now);

describe('signatures of Standard Webhooks', () => {
  it('are those of the specification', () => {
    expect(signMessage(SECRET, { id: ID, timestamp: TIMESTAMP, body: BODY })).toBe(SIGNATURE);
  });

  it.each([
    ['valid', headers(), {}],
    ['valid', headers({ 'webhook-signature': `v1,AAAA v2,xyz ${SIGNATURE}` }), {}],
    ['valid', headers(), { now: NOW + 299_000 }],
    ['valid', headers(), { now: NOW - 299_000 }],
    ['too_old', headers(), { now: NOW + 301_000 }],
    ['too_new', headers(), { now: NOW - 301_000 }],
    ['missing', headers({ 'webhook-id': undefined }), {}],
    ['missing', headers({ 'webhook-timestamp': undefined }), {}],
    ['missing', headers({ 'webhook-signature': undefined }), {}],
    ['malformed', headers({ 'webhook-timestamp': 'yesterday' }), {}],
    ['malformed', headers({ 'webhook-id': 'a b' }), {}],
    ['mismatch', headers({ 'webhook-id': 'msg_other' }), {}],
    ['mismatch', headers({ 'webhook-timestamp': String(TIMESTAMP + 1) }), {}],
    ['mismatch', headers({ 'webhook-signature': '' }), {}],
    ['mismatch', headers({ 'webhook-signature': SIGNATURE.replace('v1,', 'v1a,') }), {}],
    ['mismatch', headers({ 'webhook-signature': 'v1,' }), {}],
    ['mismatch', headers(), { body: `${BODY} ` }],
    ['mismatch', headers(), { secret: newSigningSecret() }],
  ] as const)('%s: %o %o', (verdict, given, options) => {
    expect(verify(given, options)).toBe(verdict);
  });
});
