import { describe, expect, it } from 'vitest';
import type { Json } from '../../engine/index.js';
import { checkTrigger, checkTriggers } from './trigger-definition.js';

const cron = (config: Record<string, Json> = {}, rest: Record<string, Json> = {}): Json => ({
  kind: 'cron',
  config: { expression: '0 3 * * *', ...config },
  ...rest,
});

describe('a trigger', () => {
  it('is completed with defaults', () => {
    const given = cron();
    expect(checkTrigger(given, '')).toEqual({
      spec: {
        kind: 'cron',
        name: null,
        enabled: true,
        inputs: {},
        config: { expression: '0 3 * * *', timezone: 'UTC', overlap: 'skip', catch_up_ms: 0 },
      },
    });
    expect(given).toEqual(cron());
    expect(checkTrigger({ kind: 'webhook' }, '')).toMatchObject({ spec: { config: { verify: 'signature' } } });
  });

  it.each([
    ['no object', 3, [['', 'type']]],
    ['no kind', {}, [['/kind', 'required']]],
    ['an unknown kind', { kind: 'mail' }, [['/kind', 'enum']]],
    ['an unknown field', { kind: 'webhook', when: true }, [['/when', 'unknown_field']]],
    ['no expression', { kind: 'cron' }, [['/config/expression', 'required']]],
    ['a bad expression', cron({ expression: '99 * * * *' }), [['/config/expression', 'bad_cron']]],
    ['a bad zone', cron({ timezone: 'Mars/Olympus' }), [['/config/timezone', 'unknown_timezone']]],
    [
      'a bad policy and window',
      cron({ overlap: 'maybe', catch_up_ms: -1 }),
      [
        ['/config/overlap', 'enum'],
        ['/config/catch_up_ms', 'minimum'],
      ],
    ],
    ['an unknown event', { kind: 'event', config: { types: ['run.exploded'] } }, [['/config/types/0', 'enum']]],
    ['no types', { kind: 'event', config: {} }, [['/config/types', 'required']]],
    ['a syntax error', cron({}, { inputs: { day: '{{ trigger. }}' } }), [['/inputs/day', 'syntax']]],
    ['a variable of another kind', cron({}, { inputs: { a: ['{{ body.x }}'] } }), [['/inputs/a/0', 'unknown_variable']]],
    [
      'a variable of runs',
      { kind: 'webhook', inputs: { a: '{{ inputs.x }}', b: '{{ nodes.a.output }}' } },
      [
        ['/inputs/a', 'unknown_variable'],
        ['/inputs/b', 'unknown_variable'],
      ],
    ],
  ] as const)('with %s is refused', (_, value, expected) => {
    const checked = checkTrigger(value as unknown as Json, '');
    const found = 'faults' in checked ? checked.faults.map(({ path, code }) => [path, code]) : [];
    for (const fault of expected) expect(found).toContainEqual(fault);
  });
});

describe('the triggers of a definition', () => {
  it('are known by their name, else by their kind and place', () => {
    const { specs, faults } = checkTriggers({ triggers: [cron(), { kind: 'webhook' }, cron({}, { name: 'nightly' }), cron()] });
    expect(faults).toEqual([]);
    expect(specs.map(({ name }) => name)).toEqual(['cron-1', 'webhook-1', 'nightly', 'cron-2']);
  });

  it('are pointed at when they are faulty, or have one name', () => {
    const { faults } = checkTriggers({ triggers: [cron({}, { name: 'a' }), cron({ timezone: 'X/Y' }), cron({}, { name: 'a' })] });
    expect(faults.map(({ path, code }) => [path, code])).toEqual([
      ['/triggers/1/config/timezone', 'unknown_timezone'],
      ['/triggers/2/name', 'duplicate_name'],
    ]);
  });
});
