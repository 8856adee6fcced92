import { expect, it } from 'vitest';
import type { ModelStanding } from '../../modules/models/index.js';
import { checkMap, countsOf, providerChecks, systemCheck } from './system-views.js';

const up = (model: string, latencyMs = 0): ModelStanding => ({ provider: 'openai', model, state: 'closed', failures: 0, latencyMs });
const shaky = (model: string): ModelStanding => ({ ...up(model), failures: 1 });
const down = (model: string): ModelStanding => ({ ...up(model), failures: 3, state: 'open' });
const tried = (model: string): ModelStanding => ({ ...down(model), state: 'half_open' });

it.each<[string, ModelStanding[], string, string | null]>([
  ['never asked', [], 'healthy', null],
  ['that answers', [up('a', 400), up('b', 440), up('c')], 'healthy', 'avg latency: 420ms'],
  ['with a model that failed', [up('a', 400), shaky('b')], 'degraded', 'failing: b'],
  ['with a model that is down', [up('a', 400), down('b')], 'degraded', 'failing: b'],
  ['that is tried again', [tried('a')], 'degraded', 'failing: a'],
  ['that is down', [down('a'), down('b')], 'failing', 'down: a, b'],
])('a provider %s', (_, standings, status, message) => {
  expect(providerChecks(['openai'], standings)).toEqual([{ name: 'openai', provider: true, status, message }]);
});

it('providers are those that are named and those that were asked, once each', () => {
  expect(providerChecks(['openai', 'anthropic', 'openai'], [{ ...up('m'), provider: 'google' }]).map(({ name }) => name)).toEqual([
    'anthropic',
    'google',
    'openai',
  ]);
});

const CHECKS = [
  systemCheck({ name: 'tables', status: 'ok', message: '12 tables' }),
  systemCheck({ name: 'clock', status: 'warning', message: 'slow' }),
  systemCheck({ name: 'disk', status: 'error', message: 'full' }),
  ...providerChecks([], [down('m')]),
  ...providerChecks(['anthropic'], []),
];

it('are counted', () => {
  expect(countsOf(CHECKS)).toEqual({ healthy: 2, degraded: 1, failing: 2 });
});

it('have other names as a map', () => {
  expect(checkMap(CHECKS)).toEqual({
    tables: { status: 'ok', message: '12 tables' },
    clock: { status: 'degraded', message: 'slow' },
    disk: { status: 'error', message: 'full' },
    'provider:default:openai': { status: 'unavailable', message: 'down: m' },
    'provider:default:anthropic': { status: 'ok', message: '' },
  });
});
