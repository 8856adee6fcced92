import { expect, it } from 'vitest';
import { exposition } from './metrics.js';

it('writes gauges as Prometheus reads them', () => {
  expect(
    exposition([
      { name: 'up', help: 'Whether', labels: {}, value: 1 },
      { name: 'info', help: 'What', labels: { version: '1"\\', other: 'a\nb' }, value: 0.5 },
    ]),
  ).toBe('# HELP up Whether\n# TYPE up gauge\nup 1\n# HELP info What\n# TYPE info gauge\ninfo{version="1\\"\\\\",other="a\\nb"} 0.5\n');
});
